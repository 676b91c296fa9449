import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { bounds, flood, floods, type KernelTables, kernelTables } from '@ramet/engine/testing'
import { tellMachine } from './harness/in-machine.ts'
import { finish } from './harness/processes.ts'
import type { TestServer } from './harness/server.ts'

/** The network that the hostile machine is on: wide, so that many addresses can be invented. Its gateway is the first address. */
const lan = '172.16.0.0/16'

/** A playground of one machine, at an address that is the same inside each of its runs. */
export const oneBox = (title: string) => `kind: playground
title: ${title}
playground:
  networks: [{ name: lan, subnet: ${lan} }]
  machines:
    - name: box
      users: [{ name: root }]
      drives: [{ source: debian-stable, mount: / }]
      network: { interfaces: [{ network: lan, address: 172.16.0.2 }] }
  accessControl: { canList: [owner], canRead: [owner], canStart: [owner] }
`
const gateway = '172.16.0.1'

/** So many entries are there for what the platform and orderly machines do themselves. */
const ordinary = 40
/** Connections of the host's that are not of the run. */
const others = 1000

/** Everything at once, by root: floods, the serial line, and each virtio-serial port, taken from the platform's own helpers. */
const attack = `s=$1 anywhere=$2
for kind in ${floods.join(' ')}; do
  case $kind in syn | udp) prefix=$anywhere ;; *) prefix=${lan} ;; esac
  perl /root/flood.pl $kind $s 0 ${gateway} $prefix >/root/sent-$kind &
done
timeout $s cat /dev/urandom >/dev/ttyS0 &
sleep 3
for process in /proc/[0-9]*; do
  ls -l $process/fd 2>/dev/null | grep -q /dev/vport && kill -9 \${process##*/}
done
for port in /dev/vport*; do
  timeout $s sh -c 'while :; do cat /dev/urandom >'$port' || sleep 0.1; done' 2>/dev/null &
done
wait
`

/**
 * Lets the machine do its worst for so many seconds; returns once it has begun. `anywhere`: random targets are there; the test leads this prefix into a namespace of
 * its own before. The attack ends by itself. The platform may not get into the machine any more.
 */
export async function letLoose(
  server: TestServer,
  id: string,
  machine: string,
  seconds: number,
  anywhere: string,
): Promise<void> {
  const give = async (file: string, content: string) => {
    const { code, stderr } = await tellMachine(server, id, machine, `cat > ${file} <<'END'\n${content}\nEND`)
    assert.equal(code, 0, stderr)
  }
  await give('/root/flood.pl', flood)
  await give('/root/attack.sh', attack)
  const begun = await tellMachine(server, id, machine, `systemd-run -q --unit=attack bash /root/attack.sh ${seconds} ${anywhere}`)
  assert.equal(begun.code, 0, begun.stderr)
}

/** The namespace that a machine is in, by its address on the host. */
export async function namespaceOf(hostAddress: string): Promise<string> {
  const { stdout } = await finish(['ip', '-json', 'route', 'get', hostAddress])
  return (JSON.parse(stdout) as { dev: string }[])[0]?.dev ?? ''
}

export interface Fullest {
  readonly run: KernelTables
  readonly host: KernelTables
}

const most = (a: KernelTables, b: KernelTables): KernelTables => ({
  macs: Math.max(a.macs, b.macs),
  neighbours: Math.max(a.neighbours, b.neighbours),
  connections: Math.max(a.connections, b.connections),
  fragmentBytes: Math.max(a.fragmentBytes, b.fragmentBytes),
})

/** Looks each second for so long, and returns how full the tables were at most. `wire`: the host's device to the world. */
export async function watchTables(namespace: string, wire: string, forMs: number): Promise<Fullest> {
  const look = async (): Promise<Fullest> => {
    const [run, host] = await Promise.all([kernelTables(namespace), kernelTables(undefined, wire)])
    return { run, host }
  }
  let fullest = await look()
  for (const end = Date.now() + forMs; Date.now() < end; await delay(1000)) {
    const now = await look()
    fullest = { run: most(fullest.run, now.run), host: most(fullest.host, now.host) }
  }
  return fullest
}

/** One hostile machine on one network: what it may have filled. */
export function mustBeWithinBounds({ run, host }: Fullest, hostBefore: KernelTables): void {
  const figures = JSON.stringify({ run, host, hostBefore })
  assert.ok(run.macs <= bounds.macsOfTap + ordinary, figures)
  assert.ok(run.neighbours <= bounds.strangersOfTap + ordinary, figures)
  assert.ok(run.connections <= bounds.connections + bounds.questions + ordinary, figures)
  assert.ok(run.fragmentBytes <= 1.1 * 2 ** 20, figures)
  assert.ok(host.neighbours <= bounds.neighbours + 2, figures)
  assert.ok(host.connections - hostBefore.connections <= bounds.connections + bounds.questions + others, figures)
}

import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { finish } from '../tests/harness/processes.ts'
import { TestServer } from '../tests/harness/server.ts'
import type { Benchmark, Figure } from './samples.ts'
import { ready } from './server-ready.ts'

const pairs = 5
const sessions = 100
const mebibytes = 100
const withinMs = 300_000

export const ssh: Benchmark = {
  name: 'ssh',
  summary: `${mebibytes} MiB by scp there and back, and ${sessions} sessions at once: the gateway beside the machine's own sshd`,
  async measure(progress) {
    // In memory at both ends, so that no disk is measured.
    const folder = await mkdtemp('/dev/shm/rt-bench-ssh-')
    const server = new TestServer()
    let id = ''
    try {
      await server.start()
      const accelerator = await ready(server)
      id = (await server.ok('playground', 'start', 'debian', '-q', '--title', 'Bench')).trim()
      const ways = await bothWays(server, folder, id)
      progress('the machine has a sshd of its own')
      return [...(await copies(ways, folder, progress)), await atOnce(ways)].map((figure) => ({
        ...figure,
        notes: [...figure.notes, ...noteOf(accelerator)],
      }))
    } finally {
      if (id !== '') await server.ramet(['playground', 'destroy', id, '-q'])
      await server.dispose()
      await rm(folder, { recursive: true, force: true })
    }
  },
}

/** What a reader must know of the rival. */
const noteOf = (accelerator: 'kvm' | 'tcg') =>
  accelerator === 'kvm'
    ? []
    : [
        'The machine is emulated (tcg): its own sshd encrypts in emulation, the gateway on the host. With KVM the rival is faster, and the ratio another one.',
      ]

/** Options of ssh and scp, and the name of the machine by this way. */
interface Way {
  readonly options: readonly string[]
  readonly host: string
}

interface Ways {
  readonly ours: Way
  readonly rival: Way
}

async function bothWays(server: TestServer, folder: string, id: string): Promise<Ways> {
  const [key, config] = [join(folder, 'key'), join(folder, 'config')]
  await must('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', key)
  await server.ok('ssh-key', 'add', `${key}.pub`, '--name', 'bench')
  const { machines } = await (await server.client()).plays.get(id)
  const address = machines[0]?.hostAddress
  if (address === undefined) throw new Error('the host does not reach the machine')
  const common =
    '  BatchMode yes\n  IdentitiesOnly yes\n  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n  LogLevel ERROR\n'
  await writeFile(config, `${await server.ok('ssh-config')}\nHost *\n${common}`)
  const ours = { options: ['-F', config, '-i', key], host: 'ramet-bench' }
  // Debian's own, as it is, but for a limit on connections that have not logged in yet: ours is as high.
  const setUp = `set -e
apt-get -qq update
DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends openssh-server
mkdir -p /root/.ssh
echo '${(await readFile(`${key}.pub`, 'utf8')).trim()}' >/root/.ssh/authorized_keys
echo 'MaxStartups 200' >/etc/ssh/sshd_config.d/bench.conf
systemctl restart ssh
while ! systemctl is-active -q ssh; do sleep 0.1; done`
  await must('ssh', ...ours.options, ours.host, `(${setUp}) >/tmp/set-up 2>&1 || { tail -5 /tmp/set-up >&2; exit 1; }`)
  return { ours, rival: { options: ours.options, host: `root@${address}` } }
}

async function copies({ ours, rival }: Ways, folder: string, progress: (text: string) => void): Promise<Figure[]> {
  const [file, back] = [join(folder, 'file'), join(folder, 'back')]
  await writeFile(file, randomBytes(mebibytes * 2 ** 20))
  const rates = { in: { ours: [] as number[], rival: [] as number[] }, out: { ours: [] as number[], rival: [] as number[] } }
  // The first pair is no sample: the gateway's code is compiled.
  for (let pair = 0; pair <= pairs; pair++) {
    for (const [name, way] of Object.entries({ ours, rival }) as ['ours' | 'rival', Way][]) {
      const there = `${way.host}:/dev/shm/file`
      const into = await rateOf(() => must('scp', '-q', ...way.options, file, there))
      const out = await rateOf(() => must('scp', '-q', ...way.options, there, back))
      await must('cmp', file, back)
      if (pair === 0) continue
      rates.in[name].push(into)
      rates.out[name].push(out)
    }
    progress(
      `${pair} of ${pairs}: in ${rates.in.ours.at(-1)?.toFixed(0)} and ${rates.in.rival.at(-1)?.toFixed(0)}, out ${rates.out.ours.at(-1)?.toFixed(0)} and ${rates.out.rival.at(-1)?.toFixed(0)} MiB/s`,
    )
  }
  return (['in', 'out'] as const).map((way) => ({
    title: `${mebibytes} MiB ${way === 'in' ? 'into the machine' : 'out of it'}`,
    unit: 'MiB/s',
    ours: { name: 'scp by the gateway', values: rates[way].ours },
    rival: { name: 'scp to its address', values: rates[way].rival },
    wants: [{ text: 'ratio at least 0.7', holds: (mine, theirs) => mine >= 0.7 * theirs }],
    notes: [
      'The host reaches the machine at its address, over the bridge of its network. Each with the login; the same key, in memory at both ends.',
    ],
  }))
}

async function atOnce({ ours, rival }: Ways): Promise<Figure> {
  const all = async ({ options, host }: Way) => {
    const began = performance.now()
    const said = await Promise.all(Array.from({ length: sessions }, (_, n) => must('ssh', ...options, host, `echo ${n}`)))
    if (said.some((text, n) => text !== `${n}\n`)) throw new Error('a session said what another was asked')
    return performance.now() - began
  }
  const [mine, theirs]: [number[], number[]] = [[], []]
  for (let pair = 0; pair < 3; pair++) {
    mine.push(await all(ours))
    theirs.push(await all(rival))
  }
  return {
    title: `${sessions} sessions at once, to the end of the last`,
    unit: 'ms',
    ours: { name: 'by the gateway', values: mine },
    rival: { name: 'to its address', values: theirs },
    wants: [],
    notes: ['A connection each. One that fails ends the bench.'],
  }
}

async function rateOf(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return mebibytes / ((performance.now() - began) / 1000)
}

async function must(...argv: [string, ...string[]]): Promise<string> {
  const { code, stdout, stderr } = await finish(argv, { timeoutMs: withinMs })
  if (code !== 0) throw new Error(`${argv[0]} exited with ${code}: ${stderr.slice(-500)}`)
  return stdout
}

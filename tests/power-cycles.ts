import assert from 'node:assert/strict'
import { tellMachine } from './harness/in-machine.ts'
import { vmProcesses } from './harness/leftovers.ts'
import { finish, until } from './harness/processes.ts'
import type { TestServer } from './harness/server.ts'

/** What a run's drives keep through the ends of its VM. `npm test` does one cycle of each, `npm run proof` twenty. */
export interface CycleFigures {
  /** Seconds of the CLI's `stop`, a cycle each; empty where nobody asked for the end. */
  readonly stop: number[]
  /** Seconds of the CLI's `restart` until a command ran. */
  readonly restart: number[]
}

async function inGuest(server: TestServer, id: string, command: string): Promise<string> {
  const { code, stdout, stderr } = await tellMachine(server, id, 'debian', command)
  assert.equal(code, 0, `${command}: ${stderr}${stdout}`)
  return stdout.trim()
}

async function seconds(act: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await act()
  return (performance.now() - began) / 1000
}

const hashed = 'cd /root/data && sha256sum f? db > /root/sums'
/** Random files and a database, unsynced. Only the sums are, since a test that loses them as well would show nothing. */
const fill = `mkdir -p /root/data && cd /root/data && for i in 1 2 3 4 5; do head -c 2000000 /dev/urandom > f$i; done && sqlite3 db 'create table if not exists t(x); insert into t select hex(randomblob(100)) from generate_series(1,2000)' && ${hashed}`
const change = (cycle: number) =>
  `cd /root/data && head -c 3000000 /dev/urandom > f${(cycle % 5) + 1} && sqlite3 db 'insert into t select hex(randomblob(50)) from generate_series(1,500)' && ${hashed}`

/** Stops the run in order right after unsynced writes, restarts it and compares every file, again and again. */
export async function orderlyCycles(server: TestServer, id: string, cycles: number): Promise<CycleFigures> {
  const figures: CycleFigures = { stop: [], restart: [] }
  await inGuest(server, id, fill)
  for (let cycle = 1; cycle <= cycles; cycle += 1) {
    const before = await inGuest(server, id, 'cat /root/sums')
    figures.stop.push(await seconds(() => server.ok('playground', 'stop', id, '--power-off')))
    assert.deepEqual(await vmProcesses(server.home, id), [], 'no VM is left when stop returns')
    figures.restart.push(await seconds(() => server.ok('playground', 'restart', id, '-q')))
    assert.equal(await inGuest(server, id, 'cat /root/sums'), before)
    await inGuest(server, id, 'cd /root/data && sha256sum --quiet -c /root/sums')
    assert.equal(await inGuest(server, id, 'sqlite3 /root/data/db "pragma integrity_check"'), 'ok')
    await inGuest(server, id, change(cycle))
  }
  return figures
}

/** Ends QEMU by SIGKILL amid writes: the run says so, drives are clean, and after a restart what was synced is there. */
export async function powerCutCycles(server: TestServer, id: string, cycles: number): Promise<CycleFigures> {
  const figures: CycleFigures = { stop: [], restart: [] }
  await inGuest(server, id, 'rm -rf /root/synced && mkdir /root/synced')
  const client = await server.client()
  for (let cycle = 1; cycle <= cycles; cycle += 1) {
    await inGuest(
      server,
      id,
      `cd /root/synced && head -c 5000000 /dev/urandom > ${cycle} && sqlite3 db 'create table if not exists t(x); insert into t values(${cycle})' && sha256sum [0-9]* > sums && sync`,
    )
    await inGuest(server, id, 'rm -f /root/noise')
    const writer = server.ramet(['ssh', id, '--', 'while :; do head -c 400000 /dev/urandom > /root/noise; done'])
    const [pid = 0] = await vmProcesses(server.home, id)
    await until('writes to be under way', async () => (await tellMachine(server, id, 'debian', 'test -s /root/noise')).code === 0)
    process.kill(pid, 'SIGKILL')
    await writer
    const play = await until('the run to be FAILED', async () => {
      const now = await client.plays.get(id)
      return now.state === 'FAILED' && now
    })
    assert.match(play.failure?.message ?? '', /debian was ended from outside/)
    await assertCleanDrives(server, id)
    figures.restart.push(await seconds(() => server.ok('playground', 'restart', id, '-q')))
    await inGuest(server, id, 'cd /root/synced && sha256sum --quiet -c sums')
    assert.equal(
      await inGuest(server, id, 'cd /root/synced && sqlite3 db "pragma integrity_check; select max(x) from t"'),
      `ok\n${cycle}`,
    )
  }
  return figures
}

async function assertCleanDrives(server: TestServer, id: string): Promise<void> {
  const fsck = await server.ramet(['fsck'])
  assert.equal(fsck.code, 0, fsck.stdout + fsck.stderr)
  const { stdout: tops } = await finish(['find', `${server.home}/runs/${id}`, '-name', '*.qcow2'])
  assert.notEqual(tops, '', 'the run has drives of its own')
  for (const top of tops.trim().split('\n')) {
    const { code, stdout } = await finish(['qemu-img', 'check', '-f', 'qcow2', top])
    // 3: leaked clusters, which a cut may leave and which harm no data (qemu-img(1)).
    assert.ok(code === 0 || code === 3, stdout)
  }
}

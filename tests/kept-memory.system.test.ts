import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { MachineStream } from '@ramet/client/machine-stream.ts'
import type { Play } from '@ramet/model/api/wire.ts'
import { silentMachines } from '@ramet/model/run/goals.ts'
import { commonBlock } from './harness/common-block.ts'
import { connectAgent } from './harness/connect-agent.ts'
import { inMachine } from './harness/in-machine.ts'
import { leftovers, vmProcesses } from './harness/leftovers.ts'
import { until } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'
import { severalMachines } from './harness/several-machines.ts'

/** One end of a TCP connection between the machines; both ends count what goes over it, in memory. */
const listener = `perl -MIO::Socket::INET -e '$l=IO::Socket::INET->new(LocalPort=>7000,Listen=>1,ReuseAddr=>1); $c=$l->accept; while(<$c>){open F,">/dev/shm/got.new";print F $_;close F;rename "/dev/shm/got.new","/dev/shm/got"} open F,">/dev/shm/lost";close F'`
const sender = `perl -MIO::Socket::INET -e 'until($s=IO::Socket::INET->new(PeerAddr=>"m2:7000")){select undef,undef,undef,0.1} $s->autoflush(1); $SIG{PIPE}="IGNORE"; for($i=1;;$i++){print $s "$i\\n" or last; open F,">/dev/shm/sent.new";print F $i;close F;rename "/dev/shm/sent.new","/dev/shm/sent";select undef,undef,undef,0.05} open F,">/dev/shm/lost";close F'`
const inBackground = (command: string) =>
  `setsid nohup sh -c "${command.replace(/["$\\`]/g, '\\$&')}" >/dev/null 2>&1 </dev/null &`

/** What lives in the memory of two real VMs and between them goes on after stop and restart, and in live clones. The tests build on each other, in order. */
describe('runs of real VMs that keep their memory', { concurrency: false }, () => {
  const server = new TestServer()
  let id = ''
  const figures: Record<string, number> = {}

  const plays = async () => (await server.client()).plays
  const inGuest = (run: string, machine: string, command: string) => inMachine(server, run, machine, command)
  const timed = async <T>(what: string, act: () => Promise<T>): Promise<T> => {
    const began = performance.now()
    const done = await act()
    figures[what] = Math.round(performance.now() - began)
    return done
  }
  const reached = (run: string, state: Play['state']) => server.reached(run, state, 120_000)
  const boots = async (run: string) =>
    Promise.all(['m1', 'm2'].map((machine) => inGuest(run, machine, 'cat /proc/sys/kernel/random/boot_id')))
  const counted = async (run: string) => Number(await inGuest(run, 'm2', 'cat /dev/shm/got'))
  /** Both ends are alive, nobody lost the other, and the number that arrives grows. */
  const connectionGoesOn = async (run: string) => {
    const before = await counted(run)
    await until('the connection to go on', async () => (await counted(run)) > before + 5, 20_000)
    assert.equal(await inGuest(run, 'm1', 'ls /dev/shm/lost 2>/dev/null || true'), '')
    assert.equal(await inGuest(run, 'm2', 'ls /dev/shm/lost 2>/dev/null || true'), '')
  }
  const clockOffMs = async (run: string) => {
    const began = Date.now()
    const guest = Number(await inGuest(run, 'm1', 'date +%s%3N'))
    const ended = Date.now()
    return guest < began ? began - guest : Math.max(0, guest - ended)
  }
  const lateMs = 120_000
  /** Types a line, and waits for what it is to bring. */
  async function says(stream: MachineStream, line: string, wanted: RegExp): Promise<{ resumed: boolean }> {
    let seen = ''
    stream.onOutput((_, bytes) => {
      seen += new TextDecoder().decode(bytes)
    })
    await stream.write(`${line}\n`)
    const ready = await stream.ready
    await until(`${wanted}`, () => wanted.test(seen), 60_000)
    return ready
  }
  const terminal = async () => (await server.client()).terminal(id, 'm1', 'tab-1', { cols: 80, rows: 24 })

  before(async () => {
    await server.start()
    id = (await (await plays()).start({ playground: await severalMachines(server, 2) })).id
    await server.reached(id, 'RUNNING', 900_000)
    await inGuest(id, 'm2', inBackground(listener))
    await inGuest(id, 'm1', inBackground(sender))
    await inGuest(id, 'm1', 'echo in-memory > /dev/shm/file; echo unsynced > /root/file')
    await until('the connection to begin', async () => (await inGuest(id, 'm2', 'cat /dev/shm/got 2>/dev/null || true')) !== '')
  })
  after(async () => {
    console.log(figures)
    await server.dispose()
  })

  test('after stop and restart processes, shells, files in memory and the connection between the machines go on, with the time of now', async () => {
    const before = await boots(id)
    await connectionGoesOn(id)
    const shell = await terminal()
    await says(shell, 'kept=$((6*7)); echo "value $kept."', /value 42\./)
    shell.close()
    // To the guest, two minutes without it are a clock that is so much late.
    await inGuest(id, 'm1', `date -s @$(( $(date +%s) - ${lateMs / 1000} ))`)
    assert.ok((await clockOffMs(id)) > lateMs / 2)
    await timed('stop', () => server.ok('playground', 'stop', id))
    assert.deepEqual(await vmProcesses(server.home, id), [])
    const stopped = await (await plays()).get(id)
    assert.ok(stopped.snapshot, server.output.slice(-3000))
    figures.snapshotMiB = Math.round(stopped.snapshot.bytes / 1024 ** 2)
    await server.inOrder()
    await timed('restart', () => server.ok('playground', 'restart', id))
    const play = await (await plays()).get(id)
    assert.equal(play.startKind, 'resumed', play.startReason)
    const offMs = await clockOffMs(id)
    assert.ok(offMs < 500, `${offMs} ms`)
    const again = await terminal()
    assert.equal((await says(again, 'echo "kept is $kept."', /value 42\..*kept is 42\./s)).resumed, true)
    again.close()
    assert.equal(await inGuest(id, 'm1', 'systemctl --failed --no-legend --plain'), '')
    assert.deepEqual(await boots(id), before)
    assert.equal(await inGuest(id, 'm1', 'cat /dev/shm/file /root/file'), 'in-memory\nunsynced')
    assert.equal(await inGuest(id, 'm1', 'cat /run/ramet/epoch'), play.epoch)
    await connectionGoesOn(id)
    await server.inOrder()
  })

  test('memory that is not used for long is compressed, and goes on all the same', async () => {
    const before = await boots(id)
    await server.ok('playground', 'stop', id)
    const plainMiB = figures.snapshotMiB ?? 0
    await server.restart({ RAMET_PACK_MEMORY_AFTER: '0s' })
    await timed('compression of two machines', () =>
      until(
        'it to be compressed',
        async () => {
          const [folder = ''] = await readdir(join(server.home, 'snapshots'))
          const files = await readdir(join(server.home, 'snapshots', folder))
          return files.every((name) => !name.endsWith('.ram'))
        },
        300_000,
      ),
    )
    const { snapshot } = await (await plays()).get(id)
    figures.compressedMiB = Math.round((snapshot?.bytes ?? 0) / 1024 ** 2)
    assert.ok(figures.compressedMiB < plainMiB / 2, `${figures.compressedMiB} MiB of ${plainMiB}`)
    assert.equal((await server.ramet(['fsck', '--deep'])).code, 0)
    await timed('restart from compressed memory', () => server.ok('playground', 'restart', id))
    assert.equal((await (await plays()).get(id)).startKind, 'resumed')
    assert.deepEqual(await boots(id), before)
    await connectionGoesOn(id)
    await server.inOrder()
    await server.restart()
  })

  test('live clones go on where the source is, with connections of their own, and so do theirs', async () => {
    const before = await boots(id)
    const session = (await server.client()).exec(id, 'm1', { command: 'cat' })
    await says(session, 'before', /before/)
    const made = await timed('live clone of two', () => server.ok('playground', 'clone', id, '--live', '--count', '2', '-q'))
    const [one = '', two = ''] = made.trim().split('\n')
    assert.match(server.output, /"pauseMs"/)
    for (const run of [id, one, two]) {
      assert.deepEqual(await boots(run), before)
      await connectionGoesOn(run)
    }
    await says(session, 'still here', /still here/)
    session.close()
    const draw = async (run: string) =>
      Buffer.from(await inGuest(run, 'm1', 'head -c 1048576 /dev/urandom | base64 -w0'), 'base64')
    const [first, second] = [await draw(one), await draw(two)]
    assert.deepEqual([first.length, second.length], [1048576, 1048576])
    assert.equal(commonBlock(first, second), undefined)
    await server.ok('playground', 'destroy', '-q', two)
    // As an agent asks for it.
    await using agent = await connectAgent(server, { token: await server.token() })
    const branched = await timed('live clone of a clone', () => agent.call('clone_play', { play_id: one, wait_seconds: 110 }))
    const grown: string = branched.clones[0].play_id
    assert.equal(branched.clones[0].reached, true)
    const same = { play_ids: [one, grown], machine: 'm2', command: 'cat /proc/sys/kernel/random/boot_id' }
    assert.equal((await agent.call('compare_plays', same)).all_the_same, true)
    assert.deepEqual(await boots(grown), before)
    await inGuest(grown, 'm1', 'echo mine > /root/mine; sync')
    await connectionGoesOn(grown)
    await server.ok('playground', 'destroy', '-q', one)
    await server.inOrder()
    // Crashed after it was resumed, it boots from what it wrote since.
    for (const pid of await vmProcesses(server.home, grown)) process.kill(pid, 'SIGKILL')
    await reached(grown, 'FAILED')
    await timed('boot', () => server.ok('playground', 'restart', '-q', grown))
    assert.equal(await inGuest(grown, 'm1', 'cat /root/mine /root/file'), 'mine\nunsynced')
    assert.notDeepEqual(await boots(grown), before)
    await server.ok('playground', 'destroy', '-q', grown)
    await connectionGoesOn(id)
    await server.inOrder()
  })

  test('kill -9 of the server while the run goes on changes nothing of it', async () => {
    await server.restart()
    await reached(id, 'RUNNING')
    await connectionGoesOn(id)
  })

  test('a frozen machine is known to be, and boots in a live clone and after a restart, while the other goes on', async () => {
    const [one, two] = await boots(id)
    // Its only CPU belongs to a program above everything of ours.
    const hang = 'sysctl -qw kernel.sched_rt_runtime_us=-1; setsid chrt -f 99 sh -c "while :; do :; done" >/dev/null 2>&1 &'
    const frozen = (await server.client()).exec(id, 'm2', { command: hang, user: 'root' })
    frozen.exit.catch(() => {})
    await until('m2 to be known as silent', async () => silentMachines(await (await plays()).get(id))[0]?.name === 'm2', 90_000)
    const clone = (
      await timed('live clone beside a frozen machine', () => server.ok('playground', 'clone', id, '--live', '-q'))
    ).trim()
    await timed('stop with a frozen machine', () => server.ok('playground', 'stop', id))
    await server.ok('playground', 'restart', id)
    for (const run of [clone, id]) {
      const now = await boots(run)
      assert.equal(now[0], one)
      assert.notEqual(now[1], two)
    }
    await server.ok('playground', 'destroy', '-q', clone)
    await server.inOrder()
  })

  test('--cold boots from the same drives, --power-off shuts down', async () => {
    const before = await boots(id)
    await inGuest(id, 'm1', 'echo written > /root/second')
    await server.ok('playground', 'stop', id)
    await server.ok('playground', 'restart', id, '--cold')
    assert.equal((await (await plays()).get(id)).startReason, 'A boot was asked for.')
    assert.notDeepEqual(await boots(id), before)
    assert.equal(await inGuest(id, 'm1', 'cat /root/second'), 'written')
    await timed('power-off', () => server.ok('playground', 'stop', id, '--power-off'))
    assert.equal((await (await plays()).get(id)).snapshot, undefined)
    assert.deepEqual(await vmProcesses(server.home), [])
    await server.ok('playground', 'destroy', '-q', id)
    const { installation } = await (await server.client()).health()
    assert.deepEqual(await leftovers(installation, server.home), [])
    await server.inOrder()
  })
})

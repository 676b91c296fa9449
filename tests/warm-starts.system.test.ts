import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Play } from '@ramet/model/api/wire.ts'
import { inMachine } from './harness/in-machine.ts'
import { leftovers, vmProcesses } from './harness/leftovers.ts'
import { until } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'

const atFirstMs = 900_000

/** Warm starts on real VMs; the fake world's test has what is promised of rows and reasons. In order. */
describe('playgrounds of real VMs that are kept warm', { concurrency: false }, () => {
  const server = new TestServer({ warmStarts: true })
  let cold = ''
  let warm = ''
  const figures: Record<string, number> = {}

  const plays = async () => (await server.client()).plays
  const reached = (id: string, state: Play['state'], withinMs = 180_000) => server.reached(id, state, withinMs)
  const inGuest = (id: string, command: string) => inMachine(server, id, 'debian', command)
  /** To its first command. */
  const started = async (what: string) => {
    const began = performance.now()
    const { id } = await (await plays()).start({ playground: 'debian' })
    const play = await reached(id, 'RUNNING', atFirstMs)
    figures[what] = Math.round(performance.now() - began)
    return play
  }
  const differ = async (command: string) => {
    const said = await Promise.all([cold, warm].map((id) => inGuest(id, command)))
    assert.notEqual(said[0], said[1], command)
  }
  /** Beyond what the way there and back may account for. */
  const clockOffMs = async (id: string) => {
    const began = Date.now()
    const guest = Number(await inGuest(id, 'date +%s%3N'))
    if (guest < began) return guest - began
    return Math.max(0, guest - Date.now())
  }
  const bootOf = (id: string) => inGuest(id, 'cat /proc/sys/kernel/random/boot_id')

  before(() => server.start())
  after(async () => {
    process.stderr.write(`${JSON.stringify(figures)}\n`)
    await server.dispose()
  })

  test('after the first cold start the playground comes to be kept warm, and nothing is left of how', async () => {
    const play = await started('cold, with what the host prepares')
    assert.equal(play.startKind, 'cold')
    cold = play.id
    await until(
      'the playground to be kept warm',
      async () => (await (await server.client()).usage()).warmStarts.length === 1,
      600_000,
    )
    await until('the throwaway run to be gone', async () => (await vmProcesses(server.home)).length === 1, 60_000)
    assert.match(server.output, /a playground is kept warm/)
    await server.inOrder()
  })

  test('the second start is warm, and is itself: machine-id, random numbers, epoch, clock and name', async () => {
    const play = await started('warm')
    warm = play.id
    assert.equal(play.startKind, 'warm', play.startReason)
    const offMs = await clockOffMs(warm)
    assert.ok(Math.abs(offMs) < 500, `${offMs} ms at once, the one that booted ${await clockOffMs(cold)} ms`)
    assert.equal(await inGuest(warm, 'cat /run/ramet/epoch'), play.epoch)
    await differ('cat /etc/machine-id')
    await differ('head -c 64 /dev/urandom | od -An -tx1')
    await differ('sha256sum < /var/lib/systemd/random-seed')
    await differ('cat /proc/sys/kernel/random/boot_id')
    assert.match(await inGuest(warm, 'cat /etc/machine-id'), /^[0-9a-f]{32}$/)
    assert.ok(
      Math.abs(await clockOffMs(warm)) < 500,
      `${await clockOffMs(warm)} ms later on, the one that booted ${await clockOffMs(cold)} ms`,
    )
    assert.equal(
      await inGuest(warm, 'hostname; cat /etc/hostname; hostname -i'),
      await inGuest(cold, 'hostname; cat /etc/hostname; hostname -i'),
    )
    assert.equal(await inGuest(warm, 'systemctl is-system-running'), 'running', 'it was kept when all was up')
    assert.equal(await inGuest(warm, 'systemctl --failed --no-legend --plain'), '')
    // The journal is read under the new machine-id, and goes on.
    await inGuest(warm, 'logger said-here')
    await until(
      'the journal to go on',
      async () => (await inGuest(warm, 'journalctl -q -n 50 --no-pager')).includes('said-here'),
      60_000,
    )
    await server.inOrder()
  })

  test('two warm starts are two: neither has anything of the other, and one may reboot', async () => {
    const other = await started('warm again')
    assert.equal(other.startKind, 'warm', other.startReason)
    const ids = await Promise.all([cold, warm, other.id].map((id) => inGuest(id, 'cat /etc/machine-id')))
    assert.equal(new Set(ids).size, 3)
    await inGuest(other.id, 'echo kept > /root/kept; sync')
    const before = await bootOf(other.id)
    await server.ok('playground', 'machine', 'reboot', other.id, 'debian')
    assert.notEqual(await bootOf(other.id), before)
    assert.equal(await inGuest(other.id, 'cat /root/kept /etc/machine-id'), `kept\n${ids[2]}`)
    await server.ok('playground', 'destroy', '-q', other.id)
  })

  test('a run that was started warm stops, goes on, is cloned and boots as every other', async () => {
    const machineId = await inGuest(warm, 'cat /etc/machine-id')
    const boot = await bootOf(warm)
    await server.ok('playground', 'stop', warm)
    await server.ok('playground', 'restart', warm)
    assert.equal((await (await plays()).get(warm)).startKind, 'resumed')
    assert.equal(await bootOf(warm), boot)
    const clone = (await server.ok('playground', 'clone', warm, '--live', '-q')).trim()
    assert.deepEqual([await bootOf(clone), await inGuest(clone, 'cat /etc/machine-id')], [boot, machineId])
    await server.ok('playground', 'destroy', '-q', clone)
    await server.ok('playground', 'stop', warm)
    await server.ok('playground', 'restart', warm, '--cold')
    assert.notEqual(await bootOf(warm), boot)
    assert.equal(await inGuest(warm, 'cat /etc/machine-id'), machineId)
    await server.inOrder()
  })

  test('a spare is ready, and the next start gets it at once', async () => {
    await server.restart({ RAMET_SPARE_FOR: '10m' })
    await until('a spare to be ready', () => server.output.includes('a spare is ready'), 180_000)
    const play = await started('handed over')
    assert.deepEqual(
      [play.startKind, /One run of it was ready\.$/.test(play.startReason ?? '')],
      ['warm', true],
      play.startReason,
    )
    assert.ok(Math.abs(await clockOffMs(play.id)) < 500)
    assert.equal(await inGuest(play.id, 'cat /run/ramet/epoch'), play.epoch)
    const ids = await Promise.all([cold, warm, play.id].map((id) => inGuest(id, 'cat /etc/machine-id')))
    assert.equal(new Set(ids).size, 3)
    await server.ok('playground', 'destroy', '-q', play.id)
    await server.restart()
    await until('no spare to be left', async () => (await vmProcesses(server.home)).length === 2, 60_000)
    await server.inOrder()
  })

  test('nothing is left in the end', async () => {
    for (const id of [warm, cold]) await server.ok('playground', 'destroy', '-q', id)
    await server.inOrder()
    const { installation } = await (await server.client()).health()
    assert.deepEqual(await leftovers(installation, server.home), [])
  })
})

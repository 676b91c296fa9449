import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { arm, crashed } from './harness/faults.ts'
import { vmProcesses } from './harness/leftovers.ts'
import { ended, until } from './harness/processes.ts'
import { runsOf } from './harness/runs-of.ts'
import { TestServer } from './harness/server.ts'
import { throwawaysOf } from './harness/throwaways.ts'

/** Runs that are started before anybody asks, on the fake world. `warm-starts.system.test.ts` has real VMs. In order. */
describe('spares', { concurrency: false }, () => {
  const server = new TestServer({ fake: true, warmStarts: true, spareFor: '1h' })
  let first = ''

  const { plays, reached, start, destroy, inGuest } = runsOf(server, () => 'debian')
  const throwaways = () => throwawaysOf(server)
  /** The id of the one that the server says is ready. */
  const isSpare = () =>
    until(
      'a spare to be ready',
      () => {
        const [one, ...others] = throwaways()
        const isSaid = new RegExp(`"run":"${one?.id}".*"msg":"a spare is ready"`).test(server.output)
        return isSaid && others.length === 0 && one?.state === 'RUNNING' && one.maps_snapshot !== null && one.id
      },
      60_000,
    )

  before(() => server.start())
  after(async () => {
    await server.restart({ RAMET_WARM_STARTS: 'off' })
    await until('no throwaway run to be left', () => throwaways().length === 0)
    await server.dispose()
  })

  test('once a playground is kept warm, a spare of it is ready that nobody sees, and the next start gets it', async () => {
    first = (await start()).id
    const ready = await isSpare()
    await assert.rejects((await plays()).get(ready), { status: 404 })
    assert.deepEqual(
      (await (await plays()).list()).map(({ id }) => id),
      [first],
    )
    await server.inOrder()
    const { stdout } = await server.ramet(['usage'])
    assert.match(stdout, /warm start .*debian .*a spare is ready/)
    const play = await (await plays()).start({ playground: 'debian', title: 'mine' })
    assert.deepEqual([play.id, play.state, play.startKind, play.title], [ready, 'RUNNING', 'warm', 'mine'])
    assert.match(play.startReason ?? '', /^Its playground has been kept warm since .*\. One run of it was ready\.$/)
    assert.ok(Date.now() - Date.parse(play.createdAt) < 60_000)
    assert.deepEqual(
      play.status.stateEvents.map(({ state }) => state),
      ['CREATED', 'RUNNING'],
    )
    assert.equal(await inGuest(play.id, 'cat /run/ramet/epoch'), play.epoch)
    assert.notEqual(await inGuest(play.id, 'cat /etc/machine-id'), await inGuest(first, 'cat /etc/machine-id'))
    assert.notEqual(await isSpare(), ready, 'there is another spare')
    await (await plays()).stop(play.id)
    await reached(play.id, 'STOPPED')
    await (await plays()).restart(play.id)
    assert.equal((await reached(play.id, 'RUNNING')).startKind, 'resumed')
    await destroy(play.id)
    await server.inOrder()
  })

  test('two starts at once get two runs, and one that is to boot boots', async () => {
    const ready = await isSpare()
    const made = await Promise.all([start(), start(), start({ cold: true })])
    assert.equal(new Set(made.map(({ id }) => id)).size, 3)
    assert.deepEqual(made.map(({ startKind }) => startKind).toSorted(), ['cold', 'warm', 'warm'])
    const [cold] = made.filter(({ startKind }) => startKind === 'cold')
    assert.notEqual(cold?.id, ready)
    assert.equal(made.filter(({ id }) => id === ready).length, 1)
    for (const { id } of made) await destroy(id)
  })

  test('one whose machine ended is handed to nobody, or begins anew where somebody was faster', async () => {
    const ready = await isSpare()
    for (const pid of await vmProcesses(server.home, ready)) process.kill(pid, 'SIGKILL')
    const { id } = await (await plays()).start({ playground: 'debian' })
    const play = await until(
      'the run to be of use',
      async () => {
        const now = await (await plays()).get(id)
        const isUp = now.state === 'RUNNING' && (now.id !== ready || now.startKind === 'cold')
        return isUp && now
      },
      60_000,
    )
    if (id === ready) assert.equal(play.startReason, 'The run of it that was ready did not answer.')
    assert.equal(await inGuest(id, 'echo here'), 'here')
    await until('it to be gone', () => throwaways().every((each) => each.id !== ready), 60_000)
    await destroy(id)
    await server.inOrder()
  })

  test('a start while a spare is being made is handed that one, which stands still while somebody does something else', async () => {
    const before = await isSpare()
    const taken = await start()
    assert.equal(taken.id, before)
    const making = await until('another to be made', () => throwaways()[0]?.id, 60_000, 1)
    const other = await (await plays()).start({ playground: 'debian', cold: true })
    const mine = await (await plays()).start({ playground: 'debian' })
    assert.equal(mine.id, making)
    assert.notEqual(mine.state, 'RUNNING')
    const play = await reached(mine.id, 'RUNNING')
    assert.equal(play.startKind, 'warm', play.startReason)
    assert.notEqual(await inGuest(play.id, 'cat /etc/machine-id'), await inGuest(taken.id, 'cat /etc/machine-id'))
    assert.equal((await reached(other.id, 'RUNNING')).startKind, 'cold')
    for (const { id } of [taken, other, mine]) await destroy(id)
    await server.inOrder()
  })

  test('a server that ends takes it along, and one that is killed leaves it to the next', async () => {
    await isSpare()
    process.kill(server.child?.pid ?? 0, 'SIGTERM')
    if (server.child) await ended(server.child)
    assert.equal((await vmProcesses(server.home)).length, 1)
    await server.start()
    const ready = await isSpare()
    await server.kill()
    assert.equal((await vmProcesses(server.home)).length, 2)
    await server.start()
    await until('it to be gone', async () => (await vmProcesses(server.home, ready)).length === 0, 60_000)
    assert.notEqual(await isSpare(), ready)
    await server.inOrder()
  })

  for (const step of ['spare/write-rows', 'spare/reach']) {
    test(`the server killed after ${step}: nothing of it is left, and there is another spare`, async () => {
      await arm(server, 'crash-after', step)
      await server.restart()
      await crashed(server, step, 60_000)
      const [left] = throwaways()
      await server.start()
      assert.notEqual(await isSpare(), left?.id)
      assert.equal((await vmProcesses(server.home)).length, 2)
      await server.inOrder()
    })
  }

  test('it makes room when a user’s start needs its memory', async () => {
    // For two machines of 512 MiB, and not for a third.
    await server.restart({ RAMET_MEMORY: '1400MiB' })
    await isSpare()
    const play = await start({ cold: true })
    await until('it to be gone', () => throwaways().length === 0, 60_000)
    assert.equal((await vmProcesses(server.home)).length, 2)
    await destroy(play.id)
  })

  test('it goes when nobody started one for so long', async () => {
    await server.restart({ RAMET_SPARE_FOR: '8s' })
    const play = await start()
    await destroy(play.id)
    const ready = await isSpare()
    await until('it to be gone', () => throwaways().length === 0, 60_000)
    assert.deepEqual(await vmProcesses(server.home, ready), [])
    await server.inOrder()
  })
})

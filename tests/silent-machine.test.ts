import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { isReady, silentMachines } from '@ramet/model/run/goals.ts'
import { bootOf } from './harness/in-machine.ts'
import { until } from './harness/processes.ts'
import { runsOf } from './harness/runs-of.ts'
import { TestServer } from './harness/server.ts'
import { severalMachines } from './harness/several-machines.ts'

/** Machines that stop answering, on the fake world. `kept-memory.system.test.ts` has a frozen guest of a real VM. */
describe('a machine that does not answer', { concurrency: false }, () => {
  const server = new TestServer({ fake: true })
  let playground = ''

  before(async () => {
    await server.start()
    playground = await severalMachines(server, 2)
  })
  after(() => server.dispose())

  const { plays, start, destroy } = runsOf(server, () => playground)
  const silent = async (id: string) => silentMachines(await (await plays()).get(id)).map(({ name }) => name)
  /** The guest hangs up at once, so the command is not answered. */
  const freeze = async (id: string, machine: string, seconds = '') => {
    const stream = (await server.client()).exec(id, machine, { command: `freeze ${seconds}` })
    await stream.exit.catch(() => {})
  }

  test('is not Ready and says so until it answers again', async () => {
    const { id } = await start()
    await freeze(id, 'm2', '2')
    await until('m2 to be known as silent', async () => (await silent(id)).join() === 'm2')
    assert.match(
      (await server.ramet(['playground', 'machines', id])).stderr,
      /m2: The connection was lost\. .*ramet playground machine reboot/,
    )
    assert.match((await server.ramet(['playground', 'list'])).stdout, /RUNNING \(m2 does not answer\)/)
    await until('m2 to answer again', async () => (await silent(id)).length === 0)
    await destroy(id)
  })

  test('is known to be silent by a server that never reached it', async () => {
    const { id } = await start()
    // It freezes while there is no server, so that no event tells of it.
    await freeze(id, 'm2', '3600 1')
    await server.kill()
    await delay(1_500)
    await server.start()
    await until('m2 to be known as silent', async () => (await silent(id)).join() === 'm2', 60_000)
    await destroy(id)
  })

  test('boots in a live clone and after stop and restart, while the others go on', async () => {
    const { id } = await start()
    const [one, two] = [await bootOf(server, id, 'm1'), await bootOf(server, id, 'm2')]
    await freeze(id, 'm2')
    await until('m2 to be known as silent', async () => (await silent(id)).join() === 'm2')
    const [clone] = await (await plays()).clone(id, { live: true })
    assert.ok(clone)
    await server.reached(clone.id, 'RUNNING')
    await (await plays()).stop(id)
    const stopped = await server.reached(id, 'STOPPED')
    assert.ok(stopped.snapshot, stopped.startReason)
    await (await plays()).restart(id)
    await server.reached(id, 'RUNNING')
    for (const run of [clone.id, id]) {
      await until('all machines to be ready', async () => isReady(await (await plays()).get(run)), 60_000)
      assert.equal(await bootOf(server, run, 'm1'), one)
      assert.notEqual(await bootOf(server, run, 'm2'), two)
      await destroy(run)
    }
    await server.inOrder()
  })
})

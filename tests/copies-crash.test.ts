import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { stepNames } from '@ramet/server/reconcile/step-names.ts'
import { killAfter } from './harness/faults.ts'
import { until } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'

/** The server is ended by SIGKILL after each step of a clone and of a save, on the fake world. A copy is whole or has not happened, and the source goes on. */
describe('a server killed while a run is copied', { concurrency: false }, () => {
  const server = new TestServer({ fake: true })
  let source = ''

  const stateOf = async (id: string) => (await (await server.client()).plays.get(id)).state
  const reached = (id: string, state: string) => until(`${id} to be ${state}`, async () => (await stateOf(id)) === state)
  const clonesOf = async () =>
    (await (await server.client()).plays.list()).filter(
      ({ clonedFrom, state }) => clonedFrom?.id === source && state !== 'DESTROYED',
    )
  /** So that there is something to seal: a boot writes to the drives. */
  const writeToDrives = async () => {
    await server.ok('playground', 'restart', source, '-q')
    await server.ok('playground', 'stop', source, '--power-off', '-q')
  }

  async function crashAfter(step: string, ask: () => Promise<unknown>): Promise<void> {
    await killAfter(server, step, ask)
    const { code, stdout } = await server.ramet(['fsck'])
    assert.equal(code, 0, stdout)
  }

  before(async () => {
    await server.start()
    source = (await server.ok('playground', 'start', 'debian', '-q')).trim()
    await server.ok('playground', 'stop', source, '--power-off', '-q')
  })
  after(() => server.dispose())

  const seals = ['seal/begin', 'seal/link-overlays', 'seal/swap']
  const isWritten = (step: string) => step === 'seal/swap' || step.endsWith('/write-rows')

  for (const step of [...seals, ...stepNames.filter((name) => name.startsWith('clone/'))]) {
    test(`after ${step} of a clone there are all clones or none, and they start`, async () => {
      await writeToDrives()
      await crashAfter(step, async () => (await server.client()).plays.clone(source, { count: 2, start: true }))
      const clones = await clonesOf()
      assert.equal(clones.length, isWritten(step) ? 2 : 0)
      for (const { id } of clones) {
        await reached(id, 'RUNNING')
        await server.ok('playground', 'destroy', id, '-q')
      }
      assert.equal(await stateOf(source), 'STOPPED')
    })
  }

  // Its seal is the clone's.
  for (const step of stepNames.filter((name) => name.startsWith('save/'))) {
    test(`after ${step} of a save the playground is there, and starts`, async () => {
      await writeToDrives()
      await crashAfter(step, async () => (await server.client()).plays.save(source, { name: 'kept' }))
      const client = await server.client()
      const names = (await client.playgrounds.list('my-custom')).map(({ name }) => name)
      assert.deepEqual(names, ['kept'])
      const id = (await server.ok('playground', 'start', 'kept', '-q')).trim()
      await server.ok('playground', 'destroy', id, '-q')
      await client.playgrounds.remove('kept')
    })
  }

  test('after the rows of layers are forgotten, their files go with the next server', async () => {
    await writeToDrives()
    await (await server.client()).plays.save(source, { name: 'short-lived' })
    await server.ok('playground', 'destroy', source, '-q')
    await crashAfter('collect/forget-layers', async () => (await server.client()).playgrounds.remove('short-lived'))
    assert.equal((await readdir(join(server.home, 'layers'))).length, 1, 'only the image is left')
  })
})

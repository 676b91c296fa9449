import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { TestPostgres } from '@ramet/server/testing/store/test-postgres.ts'
import { bootOf, inMachine } from './harness/in-machine.ts'
import { leftovers, vmProcesses } from './harness/leftovers.ts'
import { TestServer } from './harness/server.ts'

/** The main job on a real VM with the server's rows in a real PostgreSQL. `postgres.proof.test.ts` is its long form. The tests build on each other, in order. */
describe('a server whose store is PostgreSQL', { concurrency: false }, () => {
  let postgres: TestPostgres
  let server: TestServer
  let id = ''
  let boot = ''

  const play = async (run: string) => (await server.client()).plays.get(run)
  const inGuest = (run: string, command: string) => inMachine(server, run, 'debian', command)

  before(async () => {
    postgres = await TestPostgres.start()
    server = new TestServer({ env: { RAMET_DATABASE: await postgres.makeDatabase({ isEmpty: true }) } })
    await server.start()
  })
  after(async () => {
    await server?.dispose()
    await postgres?.[Symbol.asyncDispose]()
  })

  test('doctor names it', async () => {
    assert.match(await server.ok('doctor'), /PostgreSQL/)
  })

  test('a run starts, and gives back the exit status of a command', async () => {
    const { code, stdout, stderr } = await server.ramet(['playground', 'start', 'debian', '-q'], { timeoutMs: 900_000 })
    assert.equal(code, 0, stderr + server.output.slice(-3000))
    id = stdout.trim()
    assert.equal((await server.ramet(['ssh', id, '--', 'exit 7'])).code, 7)
    await inGuest(id, 'echo unsynced > /root/file')
    boot = await bootOf(server, id)
  })

  test('stopped, it goes on where it was', async () => {
    await server.ok('playground', 'stop', id)
    assert.deepEqual(await vmProcesses(server.home), [])
    await server.ok('playground', 'restart', id)
    assert.equal((await play(id)).startKind, 'resumed', (await play(id)).startReason)
    assert.equal(await bootOf(server, id), boot)
  })

  test('kill -9 of the server leaves the VM running; the next server takes it over', async () => {
    const vms = await vmProcesses(server.home)
    await server.restart()
    assert.equal((await play(id)).state, 'RUNNING')
    assert.deepEqual(await vmProcesses(server.home), vms)
    assert.equal(await bootOf(server, id), boot)
  })

  test('live clones go on where it is, and one of a run that is off has its files', async () => {
    const live = (await server.ok('playground', 'clone', id, '--live', '-q')).trim()
    assert.deepEqual([await bootOf(server, live), await inGuest(live, 'cat /root/file')], [boot, 'unsynced'])
    await server.ok('playground', 'destroy', '-q', id)
    await server.ok('playground', 'stop', live, '-q')
    const clone = (await server.ok('playground', 'clone', live, '-q')).trim()
    await server.ok('playground', 'restart', clone, '-q')
    assert.deepEqual([(await play(clone)).startKind, await inGuest(clone, 'cat /root/file')], ['resumed', 'unsynced'])
    await server.inOrder()
  })

  test('all destroyed, nothing is left, and fsck finds nothing with and without the server', async () => {
    const { installation } = await (await server.client()).health()
    for (const run of (await server.ok('playground', 'list', '-q')).trim().split('\n'))
      await server.ok('playground', 'destroy', '-q', run)
    assert.deepEqual(await leftovers(installation, server.home), [])
    await server.inOrder()
    await server.stop()
    const { code, stdout, stderr } = await server.ramet(['fsck'])
    assert.equal(code, 0, stdout + stderr)
    await server.start()
  })
})

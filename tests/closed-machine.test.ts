import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import type { Client } from '@ramet/client/client-shape.ts'
import type { MachineStream } from '@ramet/client/machine-stream.ts'
import { routes } from '@ramet/model/api/routes.ts'
import { createPlayground, debianMachine } from './harness/create-playground.ts'
import { tellMachine } from './harness/in-machine.ts'
import { TestServer } from './harness/server.ts'

/** Each way that leads a person into a machine. A new one belongs here: `ways lists every route into a machine` says so. */
const ways: Readonly<Record<string, (client: Client, id: string, machine: string) => MachineStream>> = {
  terminal: (client, id, name) => client.terminal(id, name, 'one', { cols: 80, rows: 24 }),
  exec: (client, id, name) => client.exec(id, name, { command: 'true' }),
  console: (client, id, name) => client.console(id, name),
}

describe('a machine that lets nobody in', { concurrency: false }, () => {
  const server = new TestServer({ fake: true })
  let id = ''

  before(async () => {
    await server.start()
    const name = await createPlayground(server, {
      name: 'closed',
      title: 'One door',
      machines: [debianMachine('open'), debianMachine('shut', { noSSH: true })],
      initTasks: { seed: { init: true, machine: 'shut', run: 'echo seeded' } },
    })
    id = (await server.ok('playground', 'start', name, '-q')).trim()
  })
  after(() => server.dispose())

  test('ways lists every route into a machine', () => {
    const one = (path: (...names: string[]) => string) =>
      path('x', 'y', 'z').startsWith(routes.exec('x', 'y').replace(/exec$/, ''))
    const into = Object.entries(routes).flatMap(([name, path]) => (one(path as (...names: string[]) => string) ? [name] : []))
    assert.deepEqual(into.sort(), Object.keys(ways).sort())
  })

  for (const [way, enter] of Object.entries(ways))
    test(`is not entered by ${way}, though the machine beside it is`, async () => {
      const client = await server.client()
      await assert.rejects(enter(client, id, 'shut').ready, { code: 'no_ssh' })
      const entered = enter(client, id, 'open')
      await entered.ready
      entered.close()
    })

  test('is not entered by a published shell or port either', async () => {
    const { ports } = await server.client()
    await assert.rejects(ports.exposeShell(id, { machine: 'shut' }), { code: 'no_ssh' })
    const byHost = await ports.expose(id, { machine: 'shut', number: 7, protocol: 'tcp', hostPort: 0 })
    const socket = connect(byHost.hostPort ?? 0, '127.0.0.1')
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException]
    assert.equal(error.code, 'ECONNRESET')
  })

  test('is not entered by the CLI either, which says so', async () => {
    for (const argv of [
      ['ssh', id, '-m', 'shut', '--', 'true'],
      ['ssh', id, '-m', 'shut'],
    ]) {
      const { code, stderr } = await server.ramet(argv)
      assert.notEqual(code, 0)
      assert.match(stderr, /lets nobody into the machine shut/)
    }
  })

  test('has its tasks run, its memory kept and its console read all the same', async () => {
    const { plays } = await server.client()
    const [seed] = await plays.tasks(id, 'shut')
    assert.match(JSON.stringify(seed), /seeded/)
    await plays.stop(id)
    await server.reached(id, 'STOPPED')
    await plays.restart(id)
    const play = await server.reached(id, 'RUNNING')
    assert.equal(play.startKind, 'resumed')
    const logs = await plays.consoles(id, 'shut')
    assert.match(await plays.readConsole(id, 'shut', logs[0] ?? ''), /Linux/)
    assert.equal((await tellMachine(server, id, 'open', 'true')).code, 0)
  })

  test('stays closed in clones, and in runs of what is saved from it', async () => {
    const client = await server.client()
    await client.plays.stop(id)
    await server.reached(id, 'STOPPED')
    const [clone] = await client.plays.clone(id, { start: true })
    const saved = await client.plays.save(id, { name: 'kept', title: 'Kept for later' } as Parameters<
      typeof client.plays.save
    >[1])
    const started = await client.plays.start({ playground: saved.name })
    for (const run of [clone?.id ?? '', started.id]) {
      await server.reached(run, 'RUNNING')
      for (const enter of Object.values(ways)) await assert.rejects(enter(client, run, 'shut').ready, { code: 'no_ssh' })
    }
  })
})

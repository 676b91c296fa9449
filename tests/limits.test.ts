import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { routes } from '@ramet/model/api/routes.ts'
import { TestServer } from './harness/server.ts'

describe('a user who reaches a limit is told which, and what to do', () => {
  const limits = 'runs=3,runs-on=2,playgrounds=1,event-streams=2,sockets=1'
  const server = new TestServer({ fake: true, env: { RAMET_LIMITS: limits } })

  before(() => server.start())
  after(() => server.dispose())

  const start = async () => (await server.ok('playground', 'start', 'debian', '-q')).trim()

  test('runs: those that are on, and those that are kept, however they come to be', async () => {
    const ids = [await start(), await start()]
    const third = await server.ramet(['playground', 'start', 'debian'])
    assert.equal(third.code, 1)
    assert.match(third.stderr, /more than 2 runs that are on.*too_many_runs_on[\s\S]*playground stop/)
    await server.ok('playground', 'stop', ids[0] ?? '', '-q')
    await server.ok('playground', 'clone', ids[0] ?? '', '-q')
    const clone = await server.ramet(['playground', 'clone', ids[0] ?? ''])
    assert.match(clone.stderr, /more than 3 runs.*too_many_runs\b[\s\S]*--limits runs=/)
    const started = await server.ramet(['playground', 'start', 'debian'])
    assert.match(started.stderr, /too_many_runs\b/)
    assert.equal((await (await server.client()).plays.list()).length, 3)
  })

  test('playgrounds, saved ones too', async () => {
    const client = await server.client()
    await client.playgrounds.create({ name: 'mine', base: 'debian', title: 'Mine for now' })
    await assert.rejects(client.playgrounds.create({ name: 'mine', base: 'debian', title: 'Mine for now' }), {
      code: 'too_many_playgrounds',
      status: 409,
    })
    const stopped = (await client.plays.list()).find(({ state }) => state === 'STOPPED')
    const saved = await server.ramet(['playground', 'save', stopped?.id ?? '', 'saved'])
    assert.match(saved.stderr, /too_many_playgrounds/)
  })

  test('event streams and commands at once; a place is free again when one ends', async () => {
    const client = await server.client()
    const streams = [new AbortController(), new AbortController(), new AbortController()]
    const authorization = `Bearer ${(await readFile(join(server.home, 'secrets/cli-token'), 'utf8')).trim()}`
    const open = (one: AbortController | undefined) =>
      fetch(server.endpoint + routes.events(), { headers: { authorization }, ...(one ? { signal: one.signal } : {}) })
    for (const one of streams.slice(0, 2)) assert.equal((await open(one)).status, 200)
    const refused = await open(streams[2])
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [429, '5'])
    assert.equal(((await refused.json()) as { code: string }).code, 'too_many_event_streams')

    const on = (await client.plays.list()).find(({ state }) => state === 'RUNNING')
    const first = client.exec(on?.id ?? '', 'debian', { command: 'cat' })
    await first.ready
    await assert.rejects(client.exec(on?.id ?? '', 'debian', { command: 'true' }).exit, { code: 'too_many_sockets' })
    first.eof()
    assert.equal((await first.exit).code, 0)
    for (const one of streams) one.abort()
  })
})

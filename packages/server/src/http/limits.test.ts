import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultLimits } from '@ramet/model/access/limits.ts'
import { routes } from '@ramet/model/api/routes.ts'
import { startExec } from '../testing/start-exec.ts'
import { asAlice, record, start, until } from '../testing/start-for-test.ts'
import { playId } from '../testing/stub-services.ts'

const bob = { authorization: 'Bearer bob-token' }

test('streams of events beyond the limit are refused with 429, and those of others are not', async () => {
  await using server = await start({ limits: { ...defaultLimits, 'event-streams': 2 } })
  const open = (headers: Record<string, string>, signal: AbortSignal) =>
    fetch(server.endpoint + routes.events(), { headers, signal })
  const leaving = [1, 2, 3].map(() => new AbortController())
  for (const one of leaving.slice(0, 2)) assert.equal((await open(asAlice, one.signal)).status, 200)
  const refused = await open(asAlice, AbortSignal.timeout(5000))
  assert.deepEqual([refused.status, refused.headers.get('retry-after')], [429, '5'])
  assert.equal(refused.headers.get('x-ratelimit-reset'), '5', 'labctl waits so long')
  const { code, hint } = (await refused.json()) as { code: string; hint: string }
  assert.equal(code, 'too_many_event_streams')
  assert.match(hint, /--limits event-streams=/)
  assert.equal((await open(bob, leaving[2]?.signal ?? AbortSignal.timeout(0))).status, 200)
  leaving[0]?.abort()
  for (let tries = 0; ; tries += 1) {
    const again = await open(asAlice, AbortSignal.timeout(5000))
    if (again.status === 200) break
    assert.ok(tries < 100, 'the place of a stream that ended is not free again')
  }
  for (const one of leaving) one.abort()
})

test('a websocket beyond the limit is told so, and a place is free again when one ends', async () => {
  await using server = await start({ limits: { ...defaultLimits, sockets: 1 } })
  const first = await startExec(server)
  const second = server.socket(routes.console(playId, 'debian'))
  const received = record(second)
  await until('the refusal', () => received.closed)
  assert.equal(received.messages[0]?.code, 'too_many_sockets')
  first.process.end(0)
  await until('the end of the first', () => first.received.closed)
  const third = await startExec(server)
  third.process.end(0)
  await until('its end', () => third.received.closed)
})

test('clones and saves beyond the limit wait for nobody', async () => {
  await using server = await start({ limits: { ...defaultLimits, 'clone-requests': 1 } })
  const held = Promise.withResolvers<[]>()
  let isBegun = false
  server.services.copies.clone = () => {
    isBegun = true
    return held.promise
  }
  const ask = () => server.app.inject({ method: 'POST', url: routes.clones(playId), headers: asAlice, payload: '{}' })
  const first = ask()
  void first.then(() => {})
  await until('the first', () => isBegun)
  const refused = await ask()
  assert.deepEqual([refused.statusCode, refused.json().code], [429, 'too_many_clone_requests'])
  held.resolve([])
  assert.equal((await first).statusCode, 200)
})

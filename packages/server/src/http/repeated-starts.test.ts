import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { routes } from '@ramet/model/api/routes.ts'
import { asAlice, start, until } from '../testing/start-for-test.ts'
import { stubPlay } from '../testing/stub-services.ts'

test('a start whose connection broke before its answer is the same when it is asked for again; two side by side are two', async () => {
  await using server = await start()
  const keys: string[] = []
  const answers: (() => void)[] = []
  Object.assign(server.services.runs, {
    async start(_user: unknown, { key }: { key: { key: string } }) {
      keys.push(key.key)
      await new Promise<void>((resolve) => answers.push(resolve))
      return stubPlay()
    },
  })
  const ask = (signal?: AbortSignal) =>
    fetch(server.endpoint + routes.plays(), {
      method: 'POST',
      headers: asAlice,
      body: JSON.stringify({ playground: 'debian' }),
      ...(signal ? { signal } : {}),
    })
  const leave = new AbortController()
  const connected = once(server.app.server, 'connection') as Promise<[Socket]>
  const lost = ask(leave.signal).catch(() => undefined)
  const [socket] = await connected
  await until('the first', () => keys.length === 1)
  leave.abort()
  await lost
  if (!socket.destroyed) await once(socket, 'close')
  answers[0]?.()

  const again = ask()
  await until('the same again', () => keys.length === 2)
  const beside = ask()
  await until('another one', () => keys.length === 3)
  for (const answer of answers) answer()
  assert.deepEqual(await Promise.all([again, beside].map(async (answer) => (await answer).status)), [200, 200])
  const later = ask()
  await until('the last', () => keys.length === 4)
  answers[3]?.()
  assert.equal((await later).status, 200)
  assert.equal(keys[1], keys[0])
  assert.equal(new Set(keys).size, 3, 'what is asked for anew is another start')
})

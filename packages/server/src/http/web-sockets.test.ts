import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { startExec } from '../testing/start-exec.ts'
import { start, until } from '../testing/start-for-test.ts'

test('a server that closes tells its clients to come back, and does not wait for those that do not listen', async () => {
  const server = await start()
  const { received } = await startExec(server)
  const deaf = await startExec(server)
  deaf.socket.pause()
  await server[Symbol.asyncDispose]()
  await until('the close', () => received.closed)
  assert.equal(received.closed?.code, 1001)
  await until('the end of the deaf one', () => deaf.process.isClosed)
  deaf.socket.terminate()
})

test('nobody is dropped because the server stood still when answers came', async () => {
  const pingMs = 50
  await using server = await start({ pingMs })
  const alive = await startExec(server)
  const { promise: pinged, resolve } = Promise.withResolvers<void>()
  alive.socket.once('ping', () => {
    // The answer is on its way; the server looks at its clock before it reads it.
    setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2 * pingMs))
    resolve()
  })
  await pinged
  for (let pings = 0; pings < 4; pings += 1) await once(alive.socket, 'ping')
  assert.equal(alive.process.isClosed, false)
})

test('who does not answer pings is dropped, who does is kept', async () => {
  await using server = await start({ pingMs: 200 })
  const dead = await startExec(server)
  const alive = await startExec(server)
  dead.socket.pause()
  await until('the end of the dead one', () => dead.process.isClosed)
  assert.equal(alive.process.isClosed, false)
  dead.socket.terminate()
})

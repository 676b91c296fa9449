import assert from 'node:assert/strict'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { duplexOf } from './duplex-of.ts'

/** A command of the test's own making. */
function command() {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()]
  const { promise: exit, resolve: end, reject: lose } = Promise.withResolvers<{ code: number }>()
  const calls: string[] = []
  return { stdin, stdout, stderr, exit, end, lose, calls, close: () => void calls.push('close') }
}

test('a command whose output ended first still gets the last of its input: it is not hung up', async () => {
  const guest = command()
  const stream = duplexOf(guest).resume()
  guest.stdout.end()
  await once(stream, 'end')
  stream.end('last')
  await once(stream, 'close')
  assert.equal(await text(guest.stdin), 'last')
  assert.deepEqual(guest.calls, [])
})

test('a command that never ends by itself is hung up half a minute after both directions have', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const guest = command()
  const stream = duplexOf(guest).resume()
  guest.stdout.end()
  stream.end()
  guest.stdin.resume()
  await once(stream, 'close')
  t.mock.timers.tick(29_999)
  assert.deepEqual(guest.calls, [])
  t.mock.timers.tick(1)
  assert.deepEqual(guest.calls, ['close'])
})

test('a stream that is destroyed early hangs the command up', async () => {
  const guest = command()
  const stream = duplexOf(guest)
  stream.destroy()
  await once(stream, 'close')
  assert.deepEqual(guest.calls, ['close'])
})

test('output is read to its end though the command has ended and somebody goes on writing to it', async () => {
  const guest = command()
  const stream = duplexOf(guest)
  guest.stdout.end('all of it')
  guest.end({ code: 0 })
  await guest.exit
  stream.write('too late')
  assert.equal(await text(stream), 'all of it')
})

test('a command that is lost ends the stream without an error', async () => {
  const guest = command()
  const stream = duplexOf(guest)
  guest.lose(new Error('the connection was lost'))
  await once(stream, 'close')
  assert.equal(stream.errored, null)
})

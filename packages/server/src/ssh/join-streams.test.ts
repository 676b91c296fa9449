import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Duplex, PassThrough } from 'node:stream'
import { test } from 'node:test'
import { slowConnection } from '../testing/slow-connection.ts'
import { joinStreams } from './join-streams.ts'

/** A channel as ssh2 has it: the close is told with the end of the input, and its own end closes it. */
function channel() {
  const input = new PassThrough()
  const said: string[] = []
  const stream = new Duplex({
    read() {},
    // A client that grants its window late.
    write(chunk: Buffer, _, done) {
      setImmediate(() => {
        if (chunk.length > 0) said.push(chunk.toString())
        done()
      })
    },
    final(done) {
      said.push('close')
      done()
    },
    emitClose: false,
    autoDestroy: false,
  })
  input.on('data', (chunk) => stream.push(chunk))
  input.once('end', () => stream.push(null))
  return { channel: Object.assign(stream, { eof: () => void said.push('eof') }), input, said }
}

async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + 10_000
  while (!holds()) {
    if (performance.now() > end) throw new Error('it did not come to hold')
    await new Promise((resolve) => setImmediate(resolve))
  }
}

test('what was sent last reaches a slow reader though the channel is closed at once', async () => {
  const { channel: stream, input } = channel()
  const { connection, text } = slowConnection()
  stream.once('end', () => stream.emit('close'))
  joinStreams(stream, connection)
  input.write('first ')
  input.end('last')
  await once(connection, 'finish')
  assert.equal(text(), 'first last')
})

test('a connection that ends its sending still receives, and the channel is closed when both have ended', async () => {
  const { channel: stream, input, said } = channel()
  const { connection, text } = slowConnection()
  joinStreams(stream, connection)
  connection.push('asked')
  connection.push(null)
  await until(() => said.includes('eof'))
  assert.deepEqual(said, ['asked', 'eof'])
  input.end('answered')
  await once(connection, 'finish')
  assert.equal(text(), 'answered')
  await until(() => said.includes('close'))
  assert.deepEqual(said, ['asked', 'eof', 'close'])
})

import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import type { ClientChannel } from 'ssh2'
import { processOf } from './exec-process.ts'

function channelOf() {
  const channel = Object.assign(new PassThrough({ emitClose: false }), { stderr: new PassThrough() })
  const process = processOf(channel as unknown as ClientChannel, () => new Error('lost'))
  const over = (...status: unknown[]) => {
    channel.end()
    channel.stderr.end()
    process.stdout.resume()
    process.stderr.resume()
    channel.emit('close', ...status)
  }
  return { process, over }
}

test('a status that was told before anybody listened is known from the end of the channel', async () => {
  const { process, over } = channelOf()
  over(7)
  assert.deepEqual(await process.exit, { code: 7 })
})

test('so is a signal', async () => {
  const { process, over } = channelOf()
  over(null, 'SIGTERM')
  assert.deepEqual(await process.exit, { code: 143, signal: 'SIGTERM' })
})

test('a channel that ends without any was lost', async () => {
  const { process, over } = channelOf()
  over()
  await assert.rejects(process.exit, /lost/)
})

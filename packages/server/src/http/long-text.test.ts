import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { routes } from '@ramet/model/api/routes.ts'
import { asAlice, start, until } from '../testing/start-for-test.ts'
import { playId } from '../testing/stub-services.ts'

const read = { action: 'machine.console.read', machine: 'debian', console: 'boot-1' }

for (const [what, text] of [
  ['of one line', 'hello\n'],
  ['of 3 MiB with quotes, control characters and pairs of surrogates', '"\\\u001b\n😀x'.repeat(400_000)],
] as const) {
  test(`a log ${what} comes as it is`, async () => {
    await using server = await start()
    server.services.runs.readConsole = async () => text
    const answer = await fetch(server.endpoint + routes.actions(playId), {
      method: 'POST',
      headers: asAlice,
      body: JSON.stringify(read),
    })
    assert.match(String(answer.headers.get('content-type')), /^application\/json/)
    assert.equal(((await answer.json()) as { content: string }).content, text)
  })
}

test('a client that does not read a long log is sent only what fits on the way', async () => {
  await using server = await start()
  let isRead = false
  server.services.runs.readConsole = async () => {
    isRead = true
    return 'x'.repeat(32 * 1024 * 1024)
  }
  const written: number[] = []
  server.app.server.on('connection', (socket) => {
    setInterval(() => written.push(socket.bytesWritten + socket.writableLength), 5).unref()
  })
  const socket = connect(Number(new URL(server.endpoint).port), '127.0.0.1')
  const body = JSON.stringify(read)
  socket.write(
    `POST ${routes.actions(playId)} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer alice-token\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  )
  socket.pause()
  await until(
    'a standstill',
    () => isRead && (written.at(-1) ?? 0) > 0 && new Set(written.slice(-20)).size === 1 && written.length > 20,
  )
  assert.ok((written.at(-1) ?? 0) < 16 * 1024 * 1024, `${written.at(-1)} bytes`)
  socket.destroy()
})

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import type { RametError } from '@ramet/model/errors/error.ts'
import { TestServer } from './harness/server.ts'

const strangers = 20
const bodyBytes = 8 * 1024 * 1024

/** Sends a login of 8 MB as fast as the server takes it, until it ends the connection. Returns what the server said. */
function attack(endpoint: string): Promise<string> {
  const { port } = new URL(endpoint)
  const { promise, resolve } = Promise.withResolvers<string>()
  const socket = connect(Number(port), '127.0.0.1')
  let said = ''
  socket.on('data', (chunk) => {
    said += chunk
  })
  socket.on('error', () => {})
  socket.on('close', () => resolve(said))
  socket.write(`POST /api/auth/login HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: ${bodyBytes}\r\n\r\n`)
  socket.write(`{"token":[${'[],'.repeat(bodyBytes / 3)}`)
  return promise
}

/** CPU time that a process has used so far, in seconds (proc_pid_stat(5): utime and stime, in hundredths). */
async function cpuSeconds(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /s, '').split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

describe('what strangers send costs the server next to nothing', () => {
  const server = new TestServer({ fake: true })
  before(() => server.start())
  after(() => server.dispose())

  test('twenty logins of 8 MB are refused unread', { timeout: 60_000 }, async () => {
    const used = await cpuSeconds(server.pid)
    const answers = await Promise.all(Array.from({ length: strangers }, () => attack(server.endpoint)))
    for (const said of answers) assert.match(said, /^HTTP\/1.1 413 [\s\S]*body_too_large/)
    const cost = (await cpuSeconds(server.pid)) - used
    // Before, each took 7 s.
    assert.ok(cost < 2, `${cost} s of CPU`)
  })

  test('manifests that keep their reader busy keep nobody else', { timeout: 60_000 }, async () => {
    const client = await server.client()
    const used = await cpuSeconds(server.pid)
    const checks = Array.from({ length: 4 }, () => client.checkManifest('[]'.repeat(49_000), 'm.yaml'))
    for (const check of checks) assert.ok((await check.catch((error: RametError) => [error]))[0]?.code)
    const cost = (await cpuSeconds(server.pid)) - used
    assert.ok(cost < 2, `${cost} s of CPU in the server’s own process`)
  })
})

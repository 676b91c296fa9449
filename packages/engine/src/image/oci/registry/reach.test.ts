import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { reachesRegistry } from './reach.ts'

test('a registry is within reach when anything answers at its address, one without TLS too', async () => {
  const server = createServer((_, response) => response.writeHead(401).end())
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  assert.equal(await reachesRegistry(host), true)
  await new Promise((done) => server.close(done))
  assert.equal(await reachesRegistry(host), false)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silent, start } from '../testing/start-for-test.ts'
import { stubServices } from '../testing/stub-services.ts'
import { buildApp } from './app.ts'
import { endpointOf, listen } from './listen.ts'

const build = () => buildApp(stubServices(), { log: silent, endpoint: 'http://127.0.0.1' })

test('a port that is taken is told, with the flag that mends it', async () => {
  await using server = await start()
  await using app = build()
  const port = Number(new URL(server.endpoint).port)
  await assert.rejects(listen(app, { host: '127.0.0.1', port }), { code: 'port_taken', hint: /--port/ })
})

test('an address that is not of this machine is told', async () => {
  await using app = build()
  await assert.rejects(listen(app, { host: '192.0.2.1', port: 0 }), { code: 'cannot_listen', hint: /--host/ })
})

test('a server on all addresses is reached by the loopback one', () => {
  assert.equal(endpointOf('0.0.0.0', 1), 'http://127.0.0.1:1')
  assert.equal(endpointOf('::', 1), 'http://[::1]:1')
  assert.equal(endpointOf('10.0.0.1', 1), 'http://10.0.0.1:1')
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import type { Arrival } from '../ssh/forwarder.ts'
import { Arrivals } from './arrivals.ts'
import { readTunnelAddress } from './tunnel-address.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')

test('a connection is claimed once, by its own tunnel', async () => {
  const [mine, other] = [{}, {}]
  const arrivals = new Arrivals()
  const stream = new PassThrough()
  const arrival: Arrival = { address: '10.0.0.1', port: 1, take: async () => stream, drop: () => assert.fail('it was dropped') }
  const name = arrivals.add(mine, arrival)
  assert.throws(() => arrivals.claim(other, name), { code: 'not_found' })
  assert.equal(await arrivals.claim(mine, name), stream)
  assert.throws(() => arrivals.claim(mine, name), { code: 'not_found', status: 404 })
})

test('a connection that nobody claims is dropped', async () => {
  const dropped = new PassThrough()
  const arrivals = new Arrivals(10)
  const ofTunnel = {}
  const name = arrivals.add(ofTunnel, { address: '-', port: 0, take: () => assert.fail(), drop: () => dropped.emit('dropped') })
  // Its timer keeps no process alive, so something else must.
  const late = setTimeout(() => dropped.emit('error', new Error('it was not dropped')), 10_000)
  await once(dropped, 'dropped')
  clearTimeout(late)
  assert.throws(() => arrivals.claim(ofTunnel, name), { code: 'not_found' })
})

test('what a client of wsmux asks for is read, and nothing else', () => {
  assert.deepEqual(readTunnelAddress(base64(':22')), { kind: 'dial', host: '', port: 22 })
  assert.deepEqual(readTunnelAddress(base64('dial:[::1]:80')), { kind: 'dial', host: '::1', port: 80 })
  assert.deepEqual(readTunnelAddress(base64('listen:127.0.0.1:0')), { kind: 'listen', host: '127.0.0.1', port: 0 })
  assert.deepEqual(readTunnelAddress(base64('connect:a-1')), { kind: 'connect', connection: 'a-1' })
  for (const wrong of ['', ':0', 'host:70000', 'connect:', 'connect:../x', 'exec:a:1', 'listen:'])
    assert.throws(() => readTunnelAddress(base64(wrong)), { code: 'invalid_input' }, wrong)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadOrder, moduleName } from './kernel-modules.ts'

const modulesDep = [
  'kernel/drivers/virtio/virtio_ring.ko:',
  'kernel/drivers/virtio/virtio.ko: kernel/drivers/virtio/virtio_ring.ko',
  'kernel/drivers/net/virtio_net.ko: kernel/net/net_failover.ko kernel/net/failover.ko kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko',
  'kernel/net/net_failover.ko: kernel/net/failover.ko',
  'kernel/net/failover.ko:',
  'kernel/drivers/char/hw_random/virtio-rng.ko.xz: kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko',
].join('\n')

test('modules are loaded after all that they need, each once', () => {
  const order = loadOrder(modulesDep, ['virtio_net', 'virtio-rng']).map(moduleName)
  assert.deepEqual(order, ['virtio_ring', 'virtio', 'failover', 'net_failover', 'virtio_net', 'virtio_rng'])
})

test('what a kernel has built in is left out', () => {
  assert.deepEqual(loadOrder(modulesDep, ['ext4']), [])
})

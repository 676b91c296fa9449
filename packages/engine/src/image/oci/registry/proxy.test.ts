import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { type ImageReference, parseImageReference } from '@ramet/model/units/image-reference.ts'
import { hostileRegistry } from '../../../testing/registry/hostile-registry.ts'
import { testImage } from '../../../testing/registry/test-image.ts'
import { Registry } from './registry.ts'

test('a registry elsewhere is asked by the proxy of the environment, one on this machine never', async (t) => {
  const asked: (string | undefined)[] = []
  const proxy = createServer().on('connect', ({ url }, socket) => {
    asked.push(url)
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  await using near = await hostileRegistry(testImage([]))
  const names = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'NO_PROXY', 'no_proxy']
  const before = names.map((name) => process.env[name])
  t.after(() => {
    proxy.close()
    for (const [at, name] of names.entries()) {
      delete process.env[name]
      if (before[at] !== undefined) process.env[name] = before[at]
    }
  })
  for (const name of names) delete process.env[name]
  process.env.https_proxy = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  process.env.http_proxy = process.env.https_proxy
  const credentials = async () => undefined
  const far = new Registry(parseImageReference('oci://registry.invalid/x') as ImageReference, { credentials })
  await assert.rejects(far.manifest('latest'), { code: 'registry_unreachable', message: /registry\.invalid cannot be reached/ })
  assert.deepEqual(asked, ['registry.invalid:443'])
  await new Registry(parseImageReference(`oci://${near.host}/x`) as ImageReference, { credentials }).manifest('latest')
  assert.equal(asked.length, 1)
})

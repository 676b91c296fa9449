import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type ImageReference, parseImageReference } from '@ramet/model/units/image-reference.ts'
import { startDockerRegistry } from '../../../testing/registry/docker-registry.ts'
import { ownAuthority } from '../../../testing/registry/own-authority.ts'
import { annPasswords } from '../../../testing/registry/passwords.ts'
import { tar } from '../../../testing/registry/tar-builder.ts'
import { pushImage, testImage } from '../../../testing/registry/test-image.ts'
import { fetchImage } from './fetch-image.ts'
import { Registry } from './registry.ts'

test('a real registry with TLS of its own authority and a password', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'ramet-tls-'))
  const passwords = join(folder, 'passwords')
  const { authority, certificate, key } = await ownAuthority(folder)
  await writeFile(passwords, annPasswords)
  const store = join(folder, 'store')
  const image = testImage([tar([{ name: 'a', content: 'x'.repeat(100_000) }])], { format: 'docker' })
  const open = await startDockerRegistry({ store })
  await pushImage(open.endpoint, 'deep/er/x', 'v1', image)
  await open.stop()
  const registry = await startDockerRegistry({
    store,
    http: `  tls: {certificate: ${certificate}, key: ${key}}\n`,
    more: `auth: {htpasswd: {realm: test, path: ${passwords}}}\n`,
  })
  t.after(async () => {
    await registry.stop()
    await rm(folder, { recursive: true, force: true })
  })
  const pem = await readFile(authority, 'utf8')
  const reference = parseImageReference(`oci://${registry.host}/deep/er/x:v1`) as ImageReference
  const authorities = async () => [pem]
  const credentials = async () => ({ user: 'ann', password: 'se:cret' })
  const registryOf = (options: ConstructorParameters<typeof Registry>[1]) => new Registry(reference, options)
  const { digest } = await registryOf({ authorities, credentials }).manifest('v1')
  assert.equal(digest, image.digest)
  const cacheFolder = join(folder, 'cache')
  await mkdir(cacheFolder)
  assert.equal(
    (await fetchImage(registryOf({ authorities, credentials }), digest, { cacheFolder, report: () => {} })).layers.length,
    1,
  )
  await assert.rejects(registryOf({ authorities, credentials: async () => undefined }).manifest('v1'), {
    code: 'registry_denied',
    message: /to strangers/,
  })
  await assert.rejects(registryOf({ authorities, credentials: async () => ({ user: 'ann', password: 'no' }) }).manifest('v1'), {
    code: 'registry_denied',
    message: /to the account/,
  })
  await assert.rejects(registryOf({ credentials }).manifest('v1'), { code: 'registry_unreachable', message: /certs\.d/ })
})

import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type ImageReference, parseImageReference } from '@ramet/model/units/image-reference.ts'
import { run } from '../../../process/run-process.ts'
import { startDockerRegistry } from '../../../testing/registry/docker-registry.ts'
import { tar } from '../../../testing/registry/tar-builder.ts'
import { pushImage, testImage } from '../../../testing/registry/test-image.ts'
import { fetchImage } from './fetch-image.ts'
import { Registry } from './registry.ts'

/** `ann` with the password `se:cret` (bcrypt, cost 4), as htpasswd writes it. */
const password = 'ann:$2y$04$abcdefghijklmnopqrstuu17JYDSDnwCnbeRSI7wxymnD3SKI1vtG\n'
test('a real registry with TLS of its own authority and a password', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'ramet-tls-'))
  const [key, certificate, passwords] = ['key.pem', 'cert.pem', 'passwords'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  await run(
    // biome-ignore format: one option with its value a column
    ['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=test', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', certificate],
  )
  await writeFile(passwords, password)
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
  const pem = await readFile(certificate, 'utf8')
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

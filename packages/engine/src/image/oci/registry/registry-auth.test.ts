import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { RegistryAuth } from '@ramet/model/manifest/registry-auth.ts'
import { type ImageReference, parseImageReference } from '@ramet/model/units/image-reference.ts'
import { type Answer, hostileRegistry } from '../../../testing/registry/hostile-registry.ts'
import { tar } from '../../../testing/registry/tar-builder.ts'
import { testImage } from '../../../testing/registry/test-image.ts'
import { Registry } from './registry.ts'

const image = testImage([tar([{ name: 'a' }])])
const basic = `Basic ${Buffer.from('ann:se:cret').toString('base64')}`

/** Asks for a manifest with a playground's login for that registry, or for another host. */
async function asked(t: TestContext, answer: Answer, host?: string) {
  const registry = await hostileRegistry(image, answer)
  t.after(() => registry[Symbol.asyncDispose]())
  const registryAuth: RegistryAuth = { host: host ?? registry.host, user: 'ann', password: 'se:cret' }
  const reference = parseImageReference(`oci://${registry.host}/x`) as ImageReference
  // The host's own login must not be used beside it.
  const credentials = async () => ({ user: 'host', password: 'own' })
  const client = new Registry(reference, { registryAuth, credentials })
  const found = await client.manifest('latest').then(
    () => 'found',
    (error: { code: string; message: string; hint: string }) => error,
  )
  const sent = registry.asked.map(({ authorization }) => authorization).filter((each) => each !== undefined)
  return { found, sent }
}

test('a registry that gives to strangers does not see a playground’s login', async (t) => {
  assert.deepEqual(await asked(t, () => false), { found: 'found', sent: [] })
  const withToken: Answer = ({ url, headers }, response) => {
    if (url?.startsWith('/token')) return !!response.end('{"token":"T"}')
    if (headers.authorization === 'Bearer T') return false
    return !!response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${headers.host}/token"` }).end()
  }
  assert.deepEqual(await asked(t, withToken), { found: 'found', sent: ['Bearer T'] })
})

for (const status of [401, 403, 404])
  test(`where a stranger’s token is answered with ${status} the login is sent for another one`, async (t) => {
    const { found, sent } = await asked(t, ({ url, headers }, response) => {
      if (url?.startsWith('/token')) return !!response.end(JSON.stringify({ token: headers.authorization ? 'T2' : 'T1' }))
      if (headers.authorization === 'Bearer T2') return false
      const challenge = { 'www-authenticate': `Bearer realm="http://${headers.host}/token"` }
      if (headers.authorization === undefined) return !!response.writeHead(401, challenge).end()
      return !!response.writeHead(status, status === 401 ? challenge : {}).end()
    })
    assert.equal(found, 'found')
    assert.deepEqual(sent, ['Bearer T1', basic, 'Bearer T2'])
  })

test('where strangers get no token the login is sent for one; a registry that wants a password gets it', async (t) => {
  const { found, sent } = await asked(t, ({ url, headers }, response) => {
    if (url?.startsWith('/token'))
      return headers.authorization ? !!response.end('{"token":"T"}') : !!response.writeHead(401).end()
    if (headers.authorization === 'Bearer T') return false
    return !!response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${headers.host}/token"` }).end()
  })
  assert.deepEqual([found, sent], ['found', [basic, 'Bearer T']])
  const withPassword: Answer = ({ headers }, response) =>
    headers.authorization === basic ? false : !!response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end()
  assert.deepEqual(await asked(t, withPassword), { found: 'found', sent: [basic] })
})

test('a login for another host is not sent, and one that opens nothing is named without being shown', async (t) => {
  const never: Answer = ({ headers }, response) =>
    !!response.writeHead(401, { 'www-authenticate': headers.host ? 'Basic realm="r"' : '' }).end()
  const other = await asked(t, never, 'other.example.org')
  assert.deepEqual(other.sent, [`Basic ${Buffer.from('host:own').toString('base64')}`])
  const { found } = await asked(t, never)
  assert.ok(typeof found === 'object')
  assert.equal(found.code, 'registry_denied')
  assert.match(found.message, /to the account of the playground’s `registryAuth`/)
  assert.doesNotMatch(`${found.message}${found.hint}`, /cret|ann/)
})

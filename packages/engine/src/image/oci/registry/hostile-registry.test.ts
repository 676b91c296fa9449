import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type ImageReference, parseImageReference } from '@ramet/model/units/image-reference.ts'
import { type Answer, hostileRegistry } from '../../../testing/registry/hostile-registry.ts'
import { tar } from '../../../testing/registry/tar-builder.ts'
import { digestOf, testImage } from '../../../testing/registry/test-image.ts'
import type { FindCredentials } from './credentials.ts'
import { fetchImage } from './fetch-image.ts'
import { type RegistryLimits, registryLimits } from './limits.ts'
import { Registry } from './registry.ts'

const image = testImage([tar([{ name: 'a', content: randomBytes(300_000) }]), tar([{ name: 'b', content: 'b' }])])
const [layer = '', second = ''] = [...image.blobs.keys()].slice(1)
const bytes = image.blobs.get(layer) as Buffer
const quick: RegistryLimits = { ...registryLimits, answerMs: 500, idleMs: 300, paceMs: 400, retryMs: 1, attempts: 3 }

async function fetched(
  t: TestContext,
  answer: Answer,
  options: { limits?: Partial<RegistryLimits>; credentials?: FindCredentials } = {},
) {
  const cacheFolder = await mkdtemp(join(tmpdir(), 'ramet-blobs-'))
  const registry = await hostileRegistry(image, answer)
  t.after(async () => {
    await registry[Symbol.asyncDispose]()
    await rm(cacheFolder, { recursive: true, force: true })
  })
  const reference = parseImageReference(`oci://${registry.host}/x`) as ImageReference
  const client = new Registry(reference, {
    limits: { ...quick, ...options.limits },
    credentials: options.credentials ?? (async () => undefined),
  })
  const blobs = async () => (await readdir(join(cacheFolder, 'oci-blobs')).catch(() => [])).toSorted()
  const work = async () => {
    const { digest } = await client.manifest('latest')
    return fetchImage(client, digest, { cacheFolder, report: () => {} })
  }
  return { work, blobs, registry }
}

const isLayer = (url: string | undefined, digest = layer) => url?.endsWith(`/blobs/${digest}`) ?? false
const fileOf = (digest: string) => digest.replace(':', '-')

test('an honest registry’s layers are stored under their digests, and once', async (t) => {
  const { work, blobs, registry } = await fetched(t, () => undefined)
  assert.equal((await work()).layers.length, 2)
  assert.deepEqual(await blobs(), [layer, second].map(fileOf).toSorted())
  const before = registry.asked.length
  await work()
  assert.ok(!registry.asked.slice(before).some(({ what }) => isLayer(what)), 'what is here does not come again')
})

const corrupt = Buffer.from(bytes)
corrupt[1000] = (corrupt[1000] ?? 0) ^ 1

const refusals: readonly [what: string, answer: Answer, code: string, why: RegExp, limits?: Partial<RegistryLimits>][] = [
  [
    'a damaged layer',
    ({ url }, response) => isLayer(url) && !!response.end(corrupt),
    'image_corrupt',
    /layer 1 of oci:.*: it is sha256:/,
  ],
  [
    'a layer that is longer than it should be',
    ({ url }, response) => isLayer(url) && !!response.end(Buffer.concat([bytes, bytes])),
    'image_corrupt',
    /more than/,
  ],
  [
    'a layer that is shorter',
    ({ url }, response) => isLayer(url) && !!response.end(bytes.subarray(0, 1000)),
    'registry_failed',
    /sends 1000 of/,
  ],
  [
    'a body without an end',
    ({ url }, response) => {
      if (!isLayer(url)) return false
      const send = () => response.write(Buffer.alloc(65_536), (error) => error || setImmediate(send))
      send()
      return true
    },
    'image_corrupt',
    /more than/,
  ],
  [
    'silence after the head',
    ({ url }, response) => isLayer(url) && !!response.writeHead(200).write('x'),
    'registry_failed',
    /sends nothing for/,
    { attempts: 1 },
  ],
  [
    'a body that drips',
    ({ url }, response) => {
      if (!isLayer(url)) return false
      const timer = setInterval(() => response.write('x'), 20)
      response.on('close', () => clearInterval(timer))
      return true
    },
    'registry_failed',
    /less than 65536 bytes/,
    { attempts: 1 },
  ],
  ['no answer at all', ({ url }) => url?.includes('/manifests/') ?? false, 'registry_unreachable', /no answer within 0.5 s/],
  [
    'redirects in a circle',
    ({ url }, response) => isLayer(url) && !!response.writeHead(307, { location: url }).end(),
    'registry_failed',
    /redirects more than 5 times/,
  ],
  [
    'a redirect to plain HTTP elsewhere',
    ({ url }, response) => isLayer(url) && !!response.writeHead(302, { location: 'http://example.org/x' }).end(),
    'registry_failed',
    /plain HTTP/,
  ],
  [
    'a redirect to a file',
    ({ url }, response) => isLayer(url) && !!response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
    'registry_failed',
    /no address/,
  ],
  [
    'a manifest without an end',
    ({ url }, response) => (url?.includes('/manifests/') ?? false) && !!response.end(Buffer.alloc(2 ** 20, ' ')),
    'registry_failed',
    /more than 100000 bytes/,
    { manifestBytes: 100_000 },
  ],
  [
    'a manifest that is none',
    ({ url }, response) => (url?.includes('/manifests/') ?? false) && !!response.end('[]'),
    'image_refused',
    /no JSON object/,
  ],
  [
    'five hundred layers',
    ({ url }, response) => {
      const one = { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: layer, size: 1 }
      const many = { schemaVersion: 2, config: one, layers: Array(500).fill(one) }
      return (url?.includes('/manifests/') ?? false) && !!response.end(JSON.stringify(many))
    },
    'image_refused',
    /500 layers, more than 200/,
  ],
  [
    'a layer of a kind that is not known',
    ({ url }, response) =>
      (url?.includes('/manifests/') ?? false) &&
      !!response.end(image.manifest.toString().replaceAll('layer.v1.tar+gzip', 'layer.v1.tar+encrypted')),
    'image_refused',
    /Layer 1 of oci:.*no layer that can be unpacked/,
  ],
  ['layers of more than they may be', () => false, 'image_refused', /bytes of layers, more than 1000/, { imageBytes: 1000 }],
  [
    'an image for other machines',
    ({ url }, response) => {
      const other = {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        digest: layer,
        size: 1,
        platform: { os: 'plan9', architecture: 'mips' },
      }
      return (url?.includes('/manifests/') ?? false) && !!response.end(JSON.stringify({ schemaVersion: 2, manifests: [other] }))
    },
    'image_refused',
    /not made for linux/,
  ],
  [
    'a configuration that does not fit',
    ({ url }, response) => isLayer(url, [...image.blobs.keys()][0]) && !!response.end('{}'),
    'image_corrupt',
    /configuration/,
  ],
  [
    'a tag that is not there',
    ({ url }, response) => (url?.includes('/manifests/') ?? false) && !!response.writeHead(404).end(),
    'image_not_found',
    /has no manifest of oci:/,
  ],
  [
    'strangers not let in',
    (_, response) => !!response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end(),
    'registry_denied',
    /to strangers/,
  ],
]

for (const [what, answer, code, why, limits] of refusals) {
  test(`${what}: refused, and nothing of it is kept`, async (t) => {
    const { work, blobs } = await fetched(t, answer, limits ? { limits } : {})
    await assert.rejects(work(), (error: { code?: string; message: string }) => {
      assert.match(error.message, why)
      assert.equal(error.code, code)
      return true
    })
    assert.ok(!(await blobs()).some((name) => name !== fileOf(second)), `${await blobs()}`)
  })
}

test('a layer that breaks off goes on where it was', async (t) => {
  let breaks = 0
  const { work, blobs, registry } = await fetched(t, ({ url, headers }, response) => {
    if (!isLayer(url) || breaks++ >= 4) return false
    const from = Number(/\d+/.exec(headers.range ?? '')?.[0] ?? 0)
    const range = from > 0 ? { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` } : {}
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': bytes.length - from, ...range })
    response.write(bytes.subarray(from, from + 50_000), () => setTimeout(() => response.destroy(), 20))
    return true
  })
  await work()
  assert.ok((await blobs()).includes(fileOf(layer)))
  const ranges = registry.asked.filter(({ what }) => isLayer(what)).map(({ range }) => range)
  assert.equal(ranges.length, 5, 'a break after progress is not counted against it')
  assert.match(ranges[1] ?? '', /^bytes=\d+-$/)
})

test('a registry that knows no ranges sends all of it again', async (t) => {
  let isFirst = true
  const { work, blobs } = await fetched(t, ({ url }, response) => {
    if (!isLayer(url)) return false
    response.writeHead(200, { 'content-length': bytes.length })
    if (isFirst) response.write(bytes.subarray(0, 50_000), () => setTimeout(() => response.destroy(), 20))
    else response.end(bytes)
    isFirst = false
    return true
  })
  await work()
  assert.ok((await blobs()).includes(fileOf(layer)))
})

test('a name and password go to the registry alone, not where it redirects to', async (t) => {
  const elsewhere = await hostileRegistry(image)
  t.after(() => elsewhere[Symbol.asyncDispose]())
  const { work, registry } = await fetched(
    t,
    ({ url, headers }, response) => {
      if (headers.authorization === undefined) return !!response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end()
      return isLayer(url) && !!response.writeHead(307, { location: `http://${elsewhere.host}${url}` }).end()
    },
    { credentials: async () => ({ user: 'ann', password: 'se:cret' }) },
  )
  await work()
  assert.equal(registry.asked.at(-1)?.authorization, `Basic ${Buffer.from('ann:se:cret').toString('base64')}`)
  assert.deepEqual(
    elsewhere.asked.map(({ what, authorization }) => [isLayer(what), authorization]),
    [[true, undefined]],
  )
})

test('a token is asked for as the registry says, with the name and password, and used', async (t) => {
  const tokens: [string, string | undefined][] = []
  const { work, registry } = await fetched(
    t,
    ({ url, headers }, response) => {
      if (url?.startsWith('/token')) {
        tokens.push([url, headers.authorization])
        return !!response.end(JSON.stringify({ token: 'T1' }))
      }
      if (headers.authorization === 'Bearer T1') return false
      const realm = `Bearer realm="http://${headers.host}/token",service="here",scope="repository:x:pull"`
      return !!response.writeHead(401, { 'www-authenticate': realm }).end()
    },
    { credentials: async () => ({ user: 'ann', password: 'pw' }) },
  )
  await work()
  assert.deepEqual(tokens, [
    ['/token?service=here&scope=repository%3Ax%3Apull', `Basic ${Buffer.from('ann:pw').toString('base64')}`],
  ])
  assert.equal(registry.asked.at(-1)?.authorization, 'Bearer T1')
})

test('a digest that is asked for must be the manifest’s', async (t) => {
  const registry = await hostileRegistry(image)
  t.after(() => registry[Symbol.asyncDispose]())
  const wrong = digestOf(Buffer.from('other'))
  const client = new Registry(parseImageReference(`oci://${registry.host}/x@${wrong}`) as ImageReference, { limits: quick })
  await assert.rejects(client.manifest(wrong), { code: 'image_corrupt' })
})

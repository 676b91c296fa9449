import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { type ImageReference, parseImageReference } from '@ramet/model/units/image-reference.ts'
import { run } from '../../../process/run-process.ts'
import { startDockerRegistry } from '../../../testing/registry/docker-registry.ts'
import { listTree } from '../../../testing/registry/list-tree.ts'
import { ownAuthority } from '../../../testing/registry/own-authority.ts'
import { annPasswords } from '../../../testing/registry/passwords.ts'
import { type TestEntry, tar } from '../../../testing/registry/tar-builder.ts'
import { pushImage, type TestImage, testImage } from '../../../testing/registry/test-image.ts'
import { fetchImage } from '../registry/fetch-image.ts'
import { Registry } from '../registry/registry.ts'
import { unpackLayers } from './unpack.ts'

const cacheFolder = process.env.RAMET_TEST_CACHE ?? '/var/cache/ramet-test'
const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex')

const layers: readonly (readonly TestEntry[])[] = [
  [
    { name: './', mode: 0o755, seconds: 1_000 },
    { name: 'usr/', seconds: 2_000 },
    { name: 'usr/bin/', mode: 0o2755, uid: 3, gid: 4, seconds: 3_000 },
    {
      name: 'usr/bin/tool',
      content: 'tool',
      mode: 0o4755,
      uid: 5,
      gid: 6,
      pax: { 'SCHILY.xattr.security.capability': capability, 'SCHILY.xattr.user.note': 'a' },
    },
    { name: 'usr/bin/same', type: '1', linkName: 'usr/bin/tool' },
    { name: 'bin', type: '2', linkName: 'usr/bin' },
    { name: 'var/', pax: { 'SCHILY.xattr.user.of': 'folder' } },
    { name: 'var/a/', seconds: 4_000 },
    { name: 'var/a/x', content: 'x' },
    { name: 'var/a/y', content: 'y' },
    { name: 'var/b/', seconds: 5_000 },
    { name: 'var/b/old', content: 'o' },
    { name: 'var/b/sub/', seconds: 5_500 },
    { name: 'var/b/sub/deep', content: 'd' },
    { name: 'swap', content: 'file' },
    { name: 'turn/', seconds: 6_000 },
    { name: 'turn/in', content: 'i' },
    { name: 'pipe', type: '6', mode: 0o600 },
    { name: 'sticky/', mode: 0o1777 },
    { name: 'empty', content: '' },
    { name: 'big', content: Buffer.alloc(300_000, 'ab') },
    { name: 'long/', seconds: 10_000 },
    { name: 'x/', pax: { path: `long/${'n'.repeat(150)}/`, mtime: '11000' } },
    { name: 'x', content: 'long', pax: { path: `long/${'n'.repeat(150)}/file`, mtime: '1600000000.25' } },
  ],
  [
    { name: 'var/a/.wh.x' },
    { name: 'var/b/', mode: 0o700, uid: 9, seconds: 7_000 },
    { name: 'var/b/.wh..wh..opq' },
    { name: 'var/b/new', content: 'n' },
    { name: 'swap/', mode: 0o711, seconds: 8_000 },
    { name: 'swap/now', content: 'a folder' },
    { name: 'turn', type: '2', linkName: 'var' },
    { name: 'bin/more', content: 'by the link', mode: 0o755 },
    { name: 'usr/bin/tool2', type: '1', linkName: 'usr/bin/tool' },
  ],
  [
    { name: '.wh.empty' },
    { name: '.wh.none' },
    { name: 'var/', mode: 0o750, seconds: 9_000 },
    { name: 'usr/bin/tool', content: 'newer', mode: 0o755 },
    { name: 'turn/through', content: 'link' },
  ],
]

const needsRoot = { skip: process.getuid?.() === 0 ? false : 'needs root' }

test(
  'what comes of a registry, open, by password or with TLS of its own authority, is the tree that umoci gives, metadata included',
  needsRoot,
  async (t) => {
    const folder = await mkdtemp('/var/tmp/rt-umoci-')
    t.after(() => rm(folder, { recursive: true, force: true }))
    const image = testImage(layers.map((each) => tar(each)))
    const expected = await byUmoci(image, folder)
    const store = join(folder, 'registry')
    const passwords = join(folder, 'passwords')
    await writeFile(passwords, annPasswords)
    const { authority, certificate, key } = await ownAuthority(folder)
    const pem = await readFile(authority, 'utf8')
    const more = `auth: {htpasswd: {realm: test, path: ${passwords}}}\n`
    const http = `  tls: {certificate: ${certificate}, key: ${key}}\n`
    for (const [way, served] of Object.entries({ open: {}, password: { more }, tls: { more, http } })) {
      const registry = await startDockerRegistry({ store, ...served })
      try {
        if (way === 'open') await pushImage(registry.endpoint, 'x', 'latest', image)
        const options = { authorities: async () => [pem], credentials: async () => ({ user: 'ann', password: 'se:cret' }) }
        const reference = parseImageReference(`${registry.host}/x`) as ImageReference
        const cache = join(folder, way)
        await mkdir(cache)
        const fetched = await fetchImage(new Registry(reference, options), image.digest, { cacheFolder: cache, report: () => {} })
        const root = join(cache, 'root')
        await mkdir(root)
        await unpackLayers({ cacheFolder, layers: fetched.layers, folder: root })
        assert.deepEqual(await inside(root), expected, way)
      } finally {
        await registry.stop()
      }
    }
  },
)

/** umoci leaves the time of the root itself as the unpacking made it. */
const inside = async (tree: string) => (await listTree(tree)).slice(1)

async function byUmoci(image: TestImage, folder: string): Promise<string[]> {
  const layout = join(folder, 'layout')
  await mkdir(join(layout, 'blobs/sha256'), { recursive: true })
  for (const [digest, blob] of [...image.blobs, [image.digest, image.manifest] as const])
    await writeFile(join(layout, 'blobs/sha256', digest.slice('sha256:'.length)), blob)
  const annotations = { 'org.opencontainers.image.ref.name': 'x' }
  const manifests = [{ mediaType: image.manifestType, digest: image.digest, size: image.manifest.length, annotations }]
  await writeFile(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }))
  await writeFile(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  await run(['umoci', 'unpack', '--image', `${layout}:x`, join(folder, 'bundle')])
  return inside(join(folder, 'bundle/rootfs'))
}

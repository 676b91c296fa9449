import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { run } from '../../../process/run-process.ts'
import { listTree } from '../../../testing/registry/list-tree.ts'
import { type TestEntry, tar } from '../../../testing/registry/tar-builder.ts'
import { testImage } from '../../../testing/registry/test-image.ts'
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

test('the unpacked tree is what umoci gives, metadata included', {
  skip: process.getuid?.() === 0 ? false : 'needs root',
}, async (t) => {
  const folder = await mkdtemp('/var/tmp/rt-umoci-')
  t.after(() => rm(folder, { recursive: true, force: true }))
  const image = testImage(layers.map((each) => tar(each)))
  const store = join(folder, 'store')
  await mkdir(join(store, 'blobs/sha256'), { recursive: true })
  const fileOf = (digest: string) => join(store, 'blobs/sha256', digest.slice('sha256:'.length))
  for (const [digest, blob] of [...image.blobs, [image.digest, image.manifest] as const]) await writeFile(fileOf(digest), blob)
  const annotations = { 'org.opencontainers.image.ref.name': 'x' }
  const manifests = [{ mediaType: image.manifestType, digest: image.digest, size: image.manifest.length, annotations }]
  await writeFile(join(store, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }))
  await writeFile(join(store, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
  await run(['umoci', 'unpack', '--image', `${store}:x`, join(folder, 'bundle')])
  const root = join(folder, 'root')
  await mkdir(root)
  const { layers: described } = JSON.parse(image.manifest.toString()) as { layers: { digest: string }[] }
  const diffIds = (JSON.parse(image.blobs.get(image.configDigest)?.toString() ?? '') as { rootfs: { diff_ids: string[] } }).rootfs
    .diff_ids
  const files = described.map(({ digest }, at) => ({ file: fileOf(digest), digest, diffId: diffIds[at] ?? '' }))
  await unpackLayers({ cacheFolder, layers: files, folder: root })
  // umoci leaves the time of the root itself as the unpacking made it.
  const inside = async (tree: string) => (await listTree(tree)).slice(1)
  assert.deepEqual(await inside(root), await inside(join(folder, 'bundle/rootfs')))
})

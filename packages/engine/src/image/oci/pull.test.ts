import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { type ImageReference, parseImageReference } from '@ramet/model/units/image-reference.ts'
import { run } from '../../process/run-process.ts'
import { hostileRegistry } from '../../testing/registry/hostile-registry.ts'
import { tar } from '../../testing/registry/tar-builder.ts'
import { testImage } from '../../testing/registry/test-image.ts'
import { collectRegistryImages } from './collect.ts'
import { filesystemFor } from './convert-image.ts'
import { listPins, removePin } from './pins.ts'
import { blobFile } from './registry/blob-store.ts'
import { pullImage } from './registry-image.ts'

const shell = { name: 'bin/sh', content: '#!', mode: 0o4755, uid: 5 }
const lower = tar([shell, { name: 'etc/environment', content: 'OWN=1' }])

test('pulling: what a tag stands for changes only with a pull that succeeds, layers are shared, a damaged one comes again', {
  skip: process.getuid?.() === 0 ? false : 'needs root',
}, async (t) => {
  const cacheFolder = await mkdtemp('/var/tmp/rt-pull-')
  const first = testImage([lower, tar([{ name: 'one' }])], { config: { Env: ['PATH=/x:/bin'] } })
  const second = testImage([lower, tar([{ name: 'two' }])])
  const bad = testImage([lower, tar([{ name: 'dev/x', type: '3' }])])
  let image = first
  const registry = await hostileRegistry(first, ({ url }, response) => {
    if (/\/manifests\//.test(url ?? '')) {
      const { manifest, manifestType } = [first, second, bad].find(({ digest }) => url?.endsWith(digest)) ?? image
      return !!response.writeHead(200, { 'content-type': manifestType }).end(manifest)
    }
    const blob = [first, second, bad]
      .map(({ blobs }) => blobs.get(/\/blobs\/(.+)$/.exec(url ?? '')?.[1] ?? ''))
      .find((each) => each)
    return blob ? !!response.end(blob) : false
  })
  t.after(async () => {
    await registry[Symbol.asyncDispose]()
    await rm(cacheFolder, { recursive: true, force: true })
  })
  const reference = parseImageReference(`${registry.host}/x`) as ImageReference
  const pull = (newest = false) => pullImage(reference, { cacheFolder, newest, report: () => {} })
  const pinned = async () => (await listPins(cacheFolder)).map(({ digest }) => digest)

  const made = await pull()
  assert.deepEqual(await pinned(), [first.digest])
  await run(['qemu-img', 'convert', '-O', 'raw', made.disk, join(cacheFolder, 'raw')])
  const ask = async (command: string) => (await run(['debugfs', '-R', command, join(cacheFolder, 'raw')])).stdout
  assert.match(await ask('stat bin/sh'), /Mode:\s+04755[\s\S]*User:\s+5/)
  assert.equal(
    await ask('cat etc/environment'),
    'OWN=1\nPATH="/x:/bin"\n',
    'there is no init, so shells get the image’s environment',
  )
  await run(['e2fsck', '-fn', join(cacheFolder, 'raw')])

  image = bad
  await assert.rejects(pull(true), { code: 'image_refused', message: /Layer 2 .*"dev\/x"\): it is a device/ })
  assert.deepEqual(await pinned(), [first.digest], 'what cannot be had changes nothing')
  assert.equal((await pull()).folder, made.folder)

  image = second
  const before = registry.asked.length
  const newer = await pull(true)
  assert.deepEqual(await pinned(), [second.digest])
  assert.equal(
    registry.asked.slice(before).filter(({ what }) => what.includes('/blobs/')).length,
    2,
    'the configuration and the one layer that is new',
  )
  await collectRegistryImages(cacheFolder)
  assert.deepEqual(await readdir(join(cacheFolder, 'registry-image')), [newer.folder.split('/').at(-1)])

  const [, lowerDigest = ''] = [...second.blobs.keys()]
  await removePin(cacheFolder, reference)
  await rm(newer.folder, { recursive: true })
  const blob = await readFile(blobFile(cacheFolder, lowerDigest))
  blob[20] = (blob[20] ?? 0) ^ 1
  await writeFile(blobFile(cacheFolder, lowerDigest), blob)
  await assert.rejects(pull(), { code: 'image_corrupt', message: /damaged on the disk/ })
  await pull()

  await removePin(cacheFolder, reference)
  await collectRegistryImages(cacheFolder)
  assert.deepEqual(
    [...(await readdir(join(cacheFolder, 'registry-image'))), ...(await readdir(join(cacheFolder, 'oci-blobs')))],
    [],
  )
})

test('the filesystem has room for its content, and inodes twice', () => {
  for (const [bytes, inodes] of [
    [0, 1],
    [10 * 2 ** 20, 200_000],
    [2 ** 33, 50],
  ] as const) {
    const { sizeBytes, inodeBytes } = filesystemFor(bytes, inodes)
    assert.ok(sizeBytes > bytes * 1.1 + 64 * 2 ** 20 && sizeBytes % 2 ** 26 === 0)
    assert.ok(inodeBytes === 1024 || sizeBytes / inodeBytes >= inodes * 2)
  }
})

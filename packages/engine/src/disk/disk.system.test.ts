import assert from 'node:assert/strict'
import { chmod, copyFile, link, mkdir, mkdtemp, open, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { run } from '../process/run-process.ts'
import { importLayer } from './import-layer.ts'
import { chainOptions } from './qcow2-chain.ts'
import { checkSpace, qemuDisks } from './qemu-disks.ts'
import { ensureVmUser, root } from './vm-user.ts'

const folder = await mkdtemp(join(tmpdir(), 'disks-'))
await chmod(folder, 0o711)
const user = await ensureVmUser('ramet')
const disks = qemuDisks(user)
const MiB = 1024 * 1024
after(() => rm(folder, { recursive: true }))

const qemuIo = (files: readonly string[], ...commands: string[]) =>
  run(['qemu-io', ...commands.flatMap((command) => ['-c', command]), chainOptions(files)])
const reads = async (files: readonly string[], pattern: number, from: number, length: number) =>
  !/failed/.test((await qemuIo(files, `read -P ${pattern} ${from} ${length}`)).stdout)

test('an overlay is small, of the asked size, and belongs to the user of the VMs alone', async () => {
  const overlay = join(folder, 'fresh.qcow2')
  await disks.makeOverlay(overlay, undefined, 20 * 1024 * MiB)
  const found = await stat(overlay)
  assert.deepEqual([found.uid, found.gid, found.mode & 0o777], [user.uid, user.gid, 0o600])
  assert.ok((await disks.bytes(overlay)) <= 32 * 1024, `${await disks.bytes(overlay)} bytes`)
  const info = JSON.parse((await run(['qemu-img', 'info', '--output=json', overlay])).stdout)
  assert.equal(info['virtual-size'], 20 * 1024 * MiB)
  assert.equal(info['format-specific'].data['extended-l2'], true)
  assert.equal(info['backing-filename'], undefined)
  assert.deepEqual(await disks.check(overlay), [])
  assert.equal(await disks.exists(overlay), true)
  assert.equal(await disks.exists(`${overlay}x`), false)
})

test('a drive that begins formatted has an ext4 that fills it, and takes little', async () => {
  const made = join(folder, 'formatted.qcow2')
  await disks.makeFormatted(made, 2048 * MiB, 'ext4')
  const found = await stat(made)
  assert.deepEqual([found.uid, found.gid, found.mode & 0o777], [user.uid, user.gid, 0o600])
  assert.ok((await disks.bytes(made)) <= 4 * MiB, `${await disks.bytes(made)} bytes`)
  assert.deepEqual(await disks.check(made), [])
  const raw = join(folder, 'formatted.raw')
  await run(['qemu-img', 'convert', '-O', 'raw', made, raw])
  const { stdout } = await run(['dumpe2fs', '-h', raw])
  assert.match(stdout, /Block count: +524288\n/)
  await run(['e2fsck', '-fn', raw])
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.endsWith('.tmp')),
    [],
  )
})

test('a drive can begin with other filesystems, whole and empty', async () => {
  for (const [filesystem, check] of [
    ['xfs', ['xfs_repair', '-n']],
    ['btrfs', ['btrfs', 'check']],
    ['ext2', ['e2fsck', '-fn']],
  ] as const) {
    const made = join(folder, `${filesystem}.qcow2`)
    await disks.makeFormatted(made, 400 * MiB, filesystem)
    assert.deepEqual(await disks.check(made), [])
    assert.ok((await disks.bytes(made)) <= 16 * MiB, `${filesystem}: ${await disks.bytes(made)} bytes`)
    const raw = join(folder, `${filesystem}.raw`)
    await run(['qemu-img', 'convert', '-O', 'raw', made, raw])
    await run([...check, raw])
  }
})

test('overlays on overlays read through the explicit graph, without any name in their headers, down to parts of a cluster', async () => {
  const chain = ['three', 'two', 'one'].map((name) => join(folder, `${name}.qcow2`))
  const [three = '', two = '', one = ''] = chain
  await disks.makeOverlay(one, undefined, 64 * MiB)
  await qemuIo([one], 'write -P 1 0 1M')
  await disks.makeOverlay(two, { file: one, format: 'qcow2', sizeBytes: 64 * MiB }, 64 * MiB)
  await qemuIo([two, one], 'write -P 2 4k 4k')
  // Grown: beyond the layer's end there are zeros.
  await disks.makeOverlay(three, { file: two, format: 'qcow2', sizeBytes: 64 * MiB }, 128 * MiB)
  await qemuIo(chain, 'write -P 3 8k 2k', 'discard 128k 128k', 'write -z 256k 8k')
  assert.ok(await reads(chain, 1, 0, 4096))
  assert.ok(await reads(chain, 2, 4096, 4096))
  assert.ok(await reads(chain, 3, 8192, 2048))
  assert.ok(await reads(chain, 1, 10_240, 2048))
  assert.ok(await reads(chain, 0, 128 * 1024, 128 * 1024), 'what was discarded does not show the layer again')
  assert.ok(await reads(chain, 0, 256 * 1024, 8192))
  assert.ok(await reads(chain, 1, 264 * 1024, 4096))
  assert.ok(await reads(chain, 0, 100 * MiB, MiB))
  assert.ok(await reads([two, one], 1, 8192, 4096), 'the layer below is as it was')
  for (const file of chain) assert.deepEqual(await disks.check(file), [])
})

test('a smaller overlay than its layer is refused, a repeated one replaces, and nothing temporary stays', async () => {
  const home = join(folder, 'repeat')
  await disks.makeVmFolder(home)
  assert.equal((await stat(home)).uid, user.uid)
  const overlay = join(home, 'overlay.qcow2')
  await assert.rejects(disks.makeOverlay(overlay, { file: '/x', format: 'qcow2', sizeBytes: 2 * MiB }, MiB), /cut off/)
  await writeFile(overlay, 'left by a crash')
  await disks.makeOverlay(overlay, undefined, MiB)
  assert.deepEqual(await disks.check(overlay), [])
  await assert.rejects(disks.makeOverlay(join(home, 'nowhere/overlay.qcow2'), undefined, MiB), { code: 'ENOENT' })
  await assert.rejects(disks.makeOverlay(join(home, 'huge.qcow2'), undefined, 2 ** 60), RangeError)
  assert.deepEqual(await readdir(home), ['overlay.qcow2'])
})

test('a drive at rest, which only root may read, is checked by a program that is not root', async () => {
  const file = join(folder, 'at-rest.qcow2')
  await qemuDisks(root).makeOverlay(file, undefined, MiB)
  assert.deepEqual([(await stat(file)).uid, await disks.check(file)], [0, []])
})

test('damage is told in sentences', async () => {
  const file = join(folder, 'damaged.qcow2')
  await disks.makeOverlay(file, undefined, 64 * MiB)
  await qemuIo([file], 'write -P 1 0 4M')
  const handle = await open(file, 'r+')
  // The refcount block is the third cluster of a new image.
  await handle.write(new Uint8Array(4096), 0, 4096, 2 * 128 * 1024)
  await handle.close()
  assert.match((await disks.check(file)).join(), /places are corrupt/)
  await truncate(file, 100)
  assert.match((await disks.check(file)).join(), /cannot be checked/)
})

test('a full disk is told before anything is made', async () => {
  await assert.rejects(checkSpace(folder, 2 ** 52), { code: 'no_space', status: 507 })
  const small = join(folder, 'small')
  await mkdir(small)
  await run(['mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small])
  try {
    await assert.rejects(disks.makeOverlay(join(small, 'overlay.qcow2'), undefined, MiB), { code: 'no_space' })
    const big = join(folder, 'big')
    await writeFile(big, new Uint8Array(2 * MiB).fill(7))
    await assert.rejects(importLayer(big, join(small, 'layer.qcow2'), user.gid), { code: 'no_space' })
    const fits = join(folder, 'fits')
    await writeFile(fits, 'small enough')
    await truncate(fits, 64 * MiB)
    await importLayer(fits, join(small, 'layer.qcow2'), user.gid)
    assert.deepEqual(await readdir(small), ['layer.qcow2'])
    assert.equal((await stat(join(small, 'layer.qcow2'))).size, 64 * MiB, 'with its holes')
  } finally {
    await run(['umount', small])
  }
})

test('an imported layer is the same file, readable by VMs and writable by nobody else', async () => {
  const image = join(folder, 'image.qcow2')
  const layer = join(folder, 'layer.qcow2')
  await copyFile(join(folder, 'one.qcow2'), image)
  await importLayer(image, layer, user.gid)
  await importLayer(image, layer, user.gid)
  const [a, b] = await Promise.all([stat(image), stat(layer)])
  assert.deepEqual([a.ino, b.uid, b.gid, b.mode & 0o777], [b.ino, 0, user.gid, 0o444])
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.endsWith('.tmp')),
    [],
  )
  const asVm = (...argv: string[]) =>
    run(['setpriv', `--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups', ...argv], { okCodes: [0, 1] })
  assert.equal((await asVm('head', '-c1', layer)).code, 0)
  assert.equal((await asVm('dd', 'if=/dev/null', `of=${layer}`, 'conv=notrunc', 'status=none')).code, 1)
  await link(layer, join(folder, 'third.qcow2'))
})

test('the user of the VMs is found again, and a name that is none is refused', async () => {
  assert.deepEqual(await ensureVmUser('ramet'), user)
  assert.ok(user.uid > 0 && user.uid < 1000)
  await assert.rejects(ensureVmUser('-D x'), /not a user name/)
})

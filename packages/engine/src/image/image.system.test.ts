import assert from 'node:assert/strict'
import { readdir, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { imageSchema } from '@ramet/model/api/host.ts'
import { run } from '../process/run-process.ts'
import { hasPvhEntry } from './build/vmlinux.ts'
import type { KernelPack, RootImage } from './cache/artefact.ts'
import { ImageLibrary } from './library.ts'

/** Builds from packages what the tests of `npm test` start from, as a fresh machine does, or takes it from a cache that earlier tests filled; then looks into the files without mounting or booting them. */
const cacheFolder = process.env.RAMET_TEST_CACHE ?? '/var/cache/ramet-test'
const skip = process.getuid?.() === 0 ? false : 'building images needs root'

/** The others take minutes each; their proofs build them. */
const used = ['debian-stable', 'debian-docker', 'debian-stable+mbr', 'debian-stable+gpt']

let pack: KernelPack
let image: RootImage
let root: string

before(
  async () => {
    if (skip) return
    const library = await ImageLibrary.open(cacheFolder)
    for (const name of used) await library.require(name)
    for (const each of library.list()) if (used.includes(each.name)) assert.equal(imageSchema.parse(each).state, 'ready')
    pack = await library.requireKernelPack()
    image = await library.requireImage('debian-stable')
    root = join(dirname(cacheFolder), `ramet-image-test-${process.pid}.raw`)
    await run(['qemu-img', 'convert', '-O', 'raw', image.disk, root])
  },
  { timeout: 15 * 60_000 },
)

after(async () => {
  if (root) await rm(root, { force: true })
})

/** debugfs(8), which only reads without -w. */
const ask = async (file: string, command: string) => {
  const { stdout, stderr } = await run(['debugfs', '-R', command, file])
  return stdout + stderr
}
const read = (path: string) => run(['debugfs', '-R', `cat ${path}`, root]).then(({ stdout }) => stdout)
const exists = async (file: string, path: string) => !(await ask(file, `stat ${path}`)).includes('File not found')

test('both filesystems are without errors', { skip }, async () => {
  for (const file of [root, pack.modules]) await run(['e2fsck', '-fn', file])
})

test('the root can grow to a hundred GiB while mounted, and has a journal', { skip }, async () => {
  const { stdout } = await run(['dumpe2fs', '-h', root])
  assert.match(stdout, /has_journal.*resize_inode/)
  const reserved = Number(/Reserved GDT blocks:\s+(\d+)/.exec(stdout)?.[1])
  const descriptorsABlock = 4096 / 64
  const blocksAGroup = 32768
  assert.ok(reserved * descriptorsABlock * blocksAGroup * 4096 >= 100 * 2 ** 30, `${reserved} blocks reserved`)
  assert.equal((await stat(root)).size, image.sizeBytes)
})

test('the image has systemd and the tools', { skip }, async () => {
  const usr =
    '/bin/bash /usr/bin/perl /bin/ping /bin/ip /usr/bin/curl /usr/bin/sqlite3 /sbin/sfdisk /sbin/gdisk /usr/bin/tcpdump /usr/bin/ssh'
  for (const path of [...usr.split(' '), '/usr/lib/systemd/systemd', '/sbin/init', '/usr/bin/sudo', '/usr/sbin/nft'])
    assert.ok(await exists(root, path), path)
})

test('the image has no identity and no trace of the host that built it', { skip }, async () => {
  assert.match(await ask(root, 'stat /etc/machine-id'), /Size: 0/)
  for (const path of [
    '/etc/hostname',
    '/etc/resolv.conf',
    '/etc/ssh/ssh_host_ed25519_key',
    '/var/lib/systemd/random-seed',
    '/root/.bash_history',
  ])
    assert.equal(await exists(root, path), false, path)
  const sources = await read('/etc/apt/sources.list')
  assert.match(sources, /^deb http\S+ bookworm main$/m)
  assert.doesNotMatch(sources, /signed-by/)
  assert.doesNotMatch(await ask(root, 'ls -p /etc/apt/apt.conf.d'), /mmdebstrap/)
})

test('owners, modes and capabilities are those of the packages', { skip }, async () => {
  assert.match(await ask(root, 'stat /usr/bin/sudo'), /Mode:\s+04755/)
  assert.match(await ask(root, 'ea_list /bin/ping'), /security\.capability/)
  assert.match(await ask(root, 'stat /etc/sudoers'), /Mode:\s+0440[\s\S]*User:\s+0/)
})

test('nothing waits on the serial line or starts to update by itself', { skip }, async () => {
  for (const unit of ['serial-getty@ttyS0.service', 'apt-daily.timer'])
    assert.match(await ask(root, `stat /etc/systemd/system/${unit}`), /Fast link dest: "\/dev\/null"/)
})

test('the kernel pack fits together', { skip }, async () => {
  assert.match(pack.release, /^6\.1\.0-\d+-cloud-/)
  assert.ok(await hasPvhEntry(pack.kernel), 'boots uncompressed')
  for (const path of ['modules.dep.bin', 'kernel/fs/overlayfs/overlay.ko', 'kernel/drivers/block/virtio_blk.ko'])
    assert.ok(await exists(pack.modules, `/${pack.release}/${path}`), path)
  assert.doesNotMatch((await run(['dumpe2fs', '-h', pack.modules])).stdout, /has_journal/)
  assert.ok((await stat(pack.initramfs)).size > 100_000, 'has an initramfs')
})

test('sealed means that nobody but root can write a file, and nothing is left over', { skip }, async () => {
  for (const file of [pack.kernel, pack.initramfs, pack.modules, image.disk])
    assert.equal((await stat(file)).mode & 0o022, 0, file)
  for (const kind of ['image', 'kernel-pack'])
    assert.deepEqual(
      (await readdir(join(cacheFolder, kind))).filter((name) => name.endsWith('.tmp')),
      [],
    )
})

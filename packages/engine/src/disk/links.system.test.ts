import assert from 'node:assert/strict'
import { chown, lstat, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { run } from '../process/run-process.ts'
import { consoleLogs } from '../vmm/qemu/console-log.ts'
import { checkQcow2 } from './check-qcow2.ts'
import { qemuDisks } from './qemu-disks.ts'
import { qemuLayers } from './qemu-layers.ts'
import { ensureVmUser } from './vm-user.ts'

/** A guest that has taken over its QEMU may write to the files of its drives, and once could make names beside them. */

const root = await mkdtemp(join(tmpdir(), 'links-'))
after(() => rm(root, { recursive: true }))
const user = await ensureVmUser()
const [disks, layers] = [qemuDisks(user), qemuLayers(user)]
const sizeBytes = 64 * 1024 * 1024
const folder = join(root, 'drives')
await mkdir(folder)
await mkdir(join(root, 'layers'))
await chown(folder, user.uid, user.gid)

const secret = join(root, 'secret')
await writeFile(secret, 'canary'.repeat(20_000), { mode: 0o600 })
const rightsOf = async (path: string) => {
  const { uid, gid, mode, size, mtimeMs, nlink } = await stat(path)
  return { uid, gid, mode, size, mtimeMs, nlink }
}

test('a link in the place of a console log shows nothing of where it leads', async () => {
  await symlink(secret, join(folder, 'console-9.log'))
  for (const log of await consoleLogs(folder)) assert.doesNotMatch(await log.read(), /canary/)
})

test('a link in the place of a drive’s file is neither sealed nor given to the VM', async () => {
  const before = await rightsOf(secret)
  const [overlay, layer] = [join(folder, 'link.qcow2'), join(root, 'layers/1.qcow2')]
  await symlink(secret, overlay)
  await assert.rejects(layers.seal([{ overlay, layer }]), { code: 'not_plain' })
  await assert.rejects(layers.makeWritable(overlay), { code: 'not_plain' })
  assert.equal(await layers.isUntouched(overlay), false)
  assert.equal(await disks.exists(overlay), false)
  await assert.rejects(lstat(layer), { code: 'ENOENT' })
  assert.deepEqual(await rightsOf(secret), before)
})

test('an empty drive is the same as one that qemu-img makes', async () => {
  for (const bytes of [512, 1024 ** 2, 20 * 1024 ** 3, 40 * 1024 ** 4 + 512]) {
    const [ours, theirs] = [join(root, `ours-${bytes}`), join(root, `theirs-${bytes}`)]
    await disks.makeOverlay(ours, undefined, bytes)
    await run(['qemu-img', 'create', '-q', '-f', 'qcow2', '-o', 'extended_l2=on,cluster_size=128k', theirs, String(bytes)])
    const [one, other] = await Promise.all([readFile(ours), readFile(theirs)])
    // qemu-img adds names of features, for messages.
    other.fill(0, 112, 1024)
    assert.ok(one.equals(other), `${bytes} bytes`)
    assert.deepEqual(await disks.check(ours), [])
  }
})

/** Makes a file's header name another one for its data (docs/interop/qcow2.txt of QEMU), as its QEMU can. */
async function pointAt(file: string, target: string): Promise<void> {
  await run(['qemu-img', 'create', '-q', '-f', 'qcow2', '-o', `data_file=${target},data_file_raw=on`, file, String(sizeBytes)])
  await chown(file, user.uid, user.gid)
}

test('a name inside a drive’s file is not followed, whoever opens it', async () => {
  const data = join(root, 'data')
  await writeFile(data, Buffer.alloc(sizeBytes, 'canary'), { mode: 0o600 })
  const [upper, lower, into] = ['upper', 'lower', 'into'].map((name) => join(root, `layers/${name}.qcow2`)) as [
    string,
    string,
    string,
  ]
  await disks.makeOverlay(lower, undefined, sizeBytes)
  await pointAt(upper, data)
  await writeFile(data, Buffer.alloc(sizeBytes, 'canary'))
  const before = await rightsOf(data)
  const file = (path: string) => ({ file: path, format: 'qcow2' as const, sizeBytes })
  await assert.rejects(layers.merge({ layers: [file(upper), file(lower)], below: [], into }), { code: 'drive_not_trusted' })
  await assert.rejects(layers.merge({ layers: [file(lower), file(upper)], below: [], into }), { code: 'drive_not_trusted' })
  await assert.rejects(stat(into), { code: 'ENOENT' })
  assert.match((await checkQcow2(upper, sizeBytes)).join(), /the data is in another file/)
  assert.match((await disks.check(upper)).join(), /the data is in another file/)
  assert.equal(await layers.isUntouched(upper), false)
  assert.deepEqual(await rightsOf(data), before)
})

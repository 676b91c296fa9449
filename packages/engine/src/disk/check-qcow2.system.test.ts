import assert from 'node:assert/strict'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { run } from '../process/run-process.ts'
import { checkQcow2 } from './check-qcow2.ts'

test('a sound file passes; a wrong size, a damaged table and a file that is no qcow2 are told', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ramet-qemu-img-'))
  try {
    const file = join(folder, 'a.qcow2')
    const mebibyte = 1024 ** 2
    await run(['qemu-img', 'create', '-q', '-f', 'qcow2', '-o', 'extended_l2=on', file, String(64 * mebibyte)])
    await run(['qemu-io', '-f', 'qcow2', '-c', 'write 0 1M', file])
    assert.deepEqual(await checkQcow2(file, 64 * mebibyte), [])
    assert.match((await checkQcow2(file, 65 * mebibyte)).join(), /written down/)
    const handle = await open(file, 'r+')
    // The refcount table's offset stands at byte 48 of the header (QEMU, docs/interop/qcow2.txt); its first entry is wiped.
    const header = Buffer.alloc(104)
    await handle.read(header, 0, 104, 0)
    await handle.write(Buffer.alloc(8), 0, 8, Number(header.readBigUInt64BE(48)))
    await handle.close()
    assert.match((await checkQcow2(file, 64 * mebibyte)).join(), /corrupt|cannot/)
    await writeFile(file, 'no qcow2')
    assert.match((await checkQcow2(file, 64 * mebibyte)).join(), /cannot be read/)
  } finally {
    await rm(folder, { recursive: true })
  }
})

import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { bootableKernel, hasPvhEntry } from './vmlinux.ts'

/** A 64-bit ELF file with one note, as small as can be. */
function elf(owner: string, type: number): Buffer {
  const file = Buffer.alloc(64 + 56 + 20)
  file.write('\x7fELF', 0, 'latin1')
  file.writeBigUInt64LE(64n, 32)
  file.writeUInt16LE(56, 54)
  file.writeUInt16LE(1, 56)
  file.writeUInt32LE(4, 64)
  file.writeBigUInt64LE(120n, 64 + 8)
  file.writeBigUInt64LE(20n, 64 + 32)
  file.writeUInt32LE(4, 120)
  file.writeUInt32LE(4, 124)
  file.writeUInt32LE(type, 128)
  file.write(`${owner}\0`, 132, 'latin1')
  return file
}

/** A bzImage with one setup sector and this payload. */
function bzImage(payload: Buffer): Buffer {
  const setup = Buffer.alloc(1024)
  setup[0x1f1] = 1
  setup.write('HdrS', 0x202, 'latin1')
  setup.writeUInt16LE(0x20f, 0x206)
  setup.writeUInt32LE(0, 0x248)
  setup.writeUInt32LE(payload.length, 0x24c)
  return Buffer.concat([setup, payload])
}

const withLength = (packed: Buffer, length: number) => {
  const tail = Buffer.alloc(4)
  tail.writeUInt32LE(length)
  return Buffer.concat([packed, tail])
}

async function make(t: TestContext, image: Buffer) {
  const folder = await mkdtemp(join(tmpdir(), 'ramet-vmlinux-'))
  t.after(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'vmlinuz'), image)
  const form = await bootableKernel(join(folder, 'vmlinuz'), join(folder, 'kernel'))
  return { form, kernel: await readFile(join(folder, 'kernel')), file: join(folder, 'kernel') }
}

test('a kernel with the entry point for it is unpacked, whatever packed it', async (t) => {
  const vmlinux = elf('Xen', 18)
  for (const image of [bzImage(gzipSync(vmlinux)), bzImage(withLength(zstdCompressSync(vmlinux), vmlinux.length))]) {
    const { form, kernel, file } = await make(t, image)
    assert.equal(form, 'vmlinux')
    assert.ok(kernel.equals(vmlinux))
    assert.ok(await hasPvhEntry(file))
  }
})

test('a kernel without that entry point, of an unknown packing or not of this kind stays as it is', async (t) => {
  const without = bzImage(gzipSync(elf('GNU', 18)))
  const unknown = bzImage(Buffer.from('what is this?'))
  for (const image of [without, unknown, Buffer.from('no bzImage')]) {
    const { form, kernel } = await make(t, image)
    assert.equal(form, 'bzImage')
    assert.ok(kernel.equals(image))
  }
})

import { type FileHandle, open } from 'node:fs/promises'

/** "QFI\xfb" (QEMU, docs/interop/qcow2.txt, "Header"). */
const magic = 0x514649fb
const headerBytes = 72
/** 32 MiB of L1 table, as QEMU itself allows at the most (QCOW_MAX_L1_SIZE in block/qcow2.h). */
const maxL1Entries = 4 * 1024 * 1024

/**
 * True when some cluster of the qcow2 file's own was ever allocated: data, or zeros that hide what lies below. Read from the header and the L1 table alone
 * (tens of microseconds; `qemu-img map` is a process and reads every table): an entry of L1 is zero until a cluster of its range is written (same document, "L1 table
 * entry"), and a file that QEMU made empty has none. Whatever cannot be understood counts as allocated.
 */
export async function hasAllocatedClusters(path: string): Promise<boolean> {
  const file = await open(path, 'r')
  try {
    const header = await read(file, headerBytes, 0)
    if (!header || header.readUInt32BE(0) !== magic) return true
    const entries = header.readUInt32BE(36)
    const offset = header.readBigUInt64BE(40)
    const snapshots = header.readUInt32BE(60)
    if (snapshots > 0 || entries > maxL1Entries || offset > BigInt(Number.MAX_SAFE_INTEGER)) return true
    const table = await read(file, entries * 8, Number(offset))
    return !table || table.some((byte) => byte !== 0)
  } finally {
    await file.close()
  }
}

/** Undefined when the file is shorter. */
async function read(file: FileHandle, length: number, position: number): Promise<Buffer | undefined> {
  const buffer = Buffer.alloc(length)
  const { bytesRead } = await file.read(buffer, 0, length, position)
  return bytesRead === length ? buffer : undefined
}

import { type FileHandle, open } from 'node:fs/promises'

/** "QFI\xfb" (QEMU, docs/interop/qcow2.txt, "Header"). */
const magic = 0x514649fb
const headerBytes = 72
/** 32 MiB of L1 table, QEMU's own maximum (QCOW_MAX_L1_SIZE in block/qcow2.h). */
const maxL1Entries = 4 * 1024 * 1024

/**
 * True when the qcow2 file itself has any allocated cluster: data, or zeros that hide the layer below. It reads only the header and the L1 table
 * (tens of microseconds; `qemu-img map` is a process and reads every table): an entry of L1 is zero until a cluster of its range is written (same document, "L1 table
 * entry"), and a file that QEMU made empty has none. A file that cannot be parsed counts as allocated.
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

/** Reads exactly the given range; undefined when the file is shorter. */
async function read(file: FileHandle, length: number, position: number): Promise<Buffer | undefined> {
  const buffer = Buffer.alloc(length)
  const { bytesRead } = await file.read(buffer, 0, length, position)
  return bytesRead === length ? buffer : undefined
}

import type { FileHandle } from 'node:fs/promises'
import { driveNotTrusted } from '@ramet/model/errors/errors.ts'
import { openPlain } from './held-folder.ts'
import { headerAreaBytes, type Qcow2Header, readQcow2Header } from './qcow2-header.ts'

/**
 * Opens the file of a drive that a VM may have written, its header checked: no program of ours opens it before. Throws `not_plain`, `drive_not_trusted`, ENOENT.
 * A VM that has the file open can change the header afterwards, so whoever parses more of it has no rights (`qemu-img-box.ts`, or a QEMU with its own uid).
 */
export async function openDrive(path: string): Promise<{ readonly file: FileHandle; readonly header: Qcow2Header }> {
  const file = await openPlain(path, 'read')
  try {
    const header = readQcow2Header(await readAt(file, 0, headerAreaBytes))
    if (typeof header === 'string') throw driveNotTrusted(path, header)
    return { file, header }
  } catch (error) {
    await file.close()
    throw error
  }
}

/** Requires that none of these qcow2 files names another one. */
export async function requireTrusted(paths: readonly string[]): Promise<void> {
  await Promise.all(
    paths.map(async (path) => {
      await using _ = (await openDrive(path)).file
    }),
  )
}

/**
 * True when the qcow2 file itself has any allocated cluster: data, or zeros that hide the layer below. It reads only the header and the L1 table
 * (tens of microseconds; `qemu-img map` is a process and reads every table): an entry of L1 is zero until a cluster of its range is written (docs/interop/qcow2.txt, "L1 table
 * entry"), and a file that was made empty has none. A file that ends before its table counts as allocated.
 */
export async function hasAllocatedClusters(path: string): Promise<boolean> {
  const { file, header } = await openDrive(path)
  await using _ = file
  const table = await readAt(file, header.l1Offset, header.l1Entries * 8)
  return table.length < header.l1Entries * 8 || table.some((byte) => byte !== 0)
}

/** Fewer bytes when the file is shorter. */
async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length)
  const { bytesRead } = await file.read(buffer, 0, length, position)
  return buffer.subarray(0, bytesRead)
}

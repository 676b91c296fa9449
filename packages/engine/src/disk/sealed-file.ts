import type { FileHandle } from 'node:fs/promises'
import { openPlain } from './held-folder.ts'
import type { SealedFile } from './layer-store.ts'

/** Of a layer, which belongs to root. Only root passes the folders above. */
export const sealedMode = 0o444

/** Reads what is recorded of a sealed file. */
export async function sealedFile(path: string): Promise<SealedFile> {
  await using file = await openPlain(path, 'read')
  return await asSealed(file)
}

export async function asSealed(file: FileHandle): Promise<SealedFile> {
  const { blocks, size, mtimeNs } = await file.stat({ bigint: true })
  return { bytes: Number(blocks * 512n), lengthBytes: Number(size), modifiedAt: String(mtimeNs) }
}

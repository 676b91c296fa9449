import { stat } from 'node:fs/promises'
import type { SealedFile } from './layer-store.ts'

/** Reads what is recorded of a sealed file. */
export async function sealedFile(path: string): Promise<SealedFile> {
  const { blocks, size, mtimeNs } = await stat(path, { bigint: true })
  return { bytes: Number(blocks * 512n), lengthBytes: Number(size), modifiedAt: String(mtimeNs) }
}

import { stat } from 'node:fs/promises'
import type { SealedFile } from './layer-store.ts'

/** What is to be remembered of a file that will not change again. */
export async function sealedFile(path: string): Promise<SealedFile> {
  const { blocks, size, mtimeNs } = await stat(path, { bigint: true })
  return { bytes: Number(blocks * 512n), lengthBytes: Number(size), modifiedAt: String(mtimeNs) }
}

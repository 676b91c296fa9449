import { randomBytes } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Makes a folder's entries durable (open(2), fsync(2): a rename survives power loss only after the folder was synced). */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** Suffix of names under construction; whatever carries it after a crash is rubbish and reclaimed at start. */
export const temporarySuffix = '.tmp'
export const temporaryName = (path: string) => `${path}.${randomBytes(4).toString('hex')}${temporarySuffix}`

/** The whole file or nothing: temporary name, fsync, rename, fsync of the folder. */
export async function writeFileAtomically(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  const temporary = temporaryName(path)
  try {
    const file = await open(temporary, 'wx', mode)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
    await syncFolder(dirname(path))
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

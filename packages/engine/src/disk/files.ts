import { randomBytes } from 'node:crypto'
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Makes the content of a file durable (fsync(2)). */
export async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

export const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

/** Makes a folder's entries durable (open(2), fsync(2): a rename survives power loss only after the folder was synced). */
export const syncFolder = syncFile

/** Suffix of unfinished files. What has it after a crash is garbage and is reclaimed at start. */
export const temporarySuffix = '.tmp'
export const temporaryName = (path: string) => `${path}.${randomBytes(4).toString('hex')}${temporarySuffix}`

/** Writes the whole file or nothing: temporary name, fsync, rename, fsync of the folder. */
export async function writeFileAtomically(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  await replace(path, content, mode, (file) => file.sync())
  await syncFolder(dirname(path))
}

/**
 * Writes the whole file or nothing, but not durably: for files that are written again before each use, or mean nothing after a reboot of the host. On a
 * busy disk an fsync waits for all that was written before it, and ten clones that start would wait for a hundred of them.
 */
export async function writeFileForThisBoot(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  await replace(path, content, mode, async () => {})
}

async function replace(
  path: string,
  content: string | Uint8Array,
  mode: number,
  beforeRename: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const temporary = temporaryName(path)
  try {
    const file = await open(temporary, 'wx', mode)
    try {
      await file.writeFile(content)
      await beforeRename(file)
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

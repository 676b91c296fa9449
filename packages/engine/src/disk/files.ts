import { randomBytes } from 'node:crypto'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Makes what was written to a file durable (fsync(2)). */
export async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Makes a folder's entries durable (open(2), fsync(2): a rename survives power loss only after the folder was synced). */
export const syncFolder = syncFile

/** Suffix of names under construction; whatever carries it after a crash is rubbish and reclaimed at start. */
export const temporarySuffix = '.tmp'
export const temporaryName = (path: string) => `${path}.${randomBytes(4).toString('hex')}${temporarySuffix}`

/** The whole file or nothing: temporary name, fsync, rename, fsync of the folder. */
export async function writeFileAtomically(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  await replace(path, content, mode, (file) => file.sync())
  await syncFolder(dirname(path))
}

/**
 * The whole file or nothing to every reader, but lost with the host's power: for what is written anew before each use, or says nothing after a reboot of the host. On a
 * disk that is busy an fsync takes as long as all that is written before it, and ten clones on their way up would wait for a hundred of them.
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

import { randomBytes } from 'node:crypto'
import { temporarySuffix } from './files.ts'
import { type HeldFolder, inFolderOf } from './held-folder.ts'

const mostLevels = 100_000

/**
 * Removes whatever is under a path, which may be absent. Links are removed, never followed: `rm` of Node and of many others looks at a name and then opens it by the same name, and
 * whoever may write there changes it in between. A folder that is found inside is first moved to the top, so that two descriptors are enough however deep somebody has built.
 * Who goes on making files meanwhile is not waited for (ENOTEMPTY).
 */
export async function removeTree(path: string): Promise<void> {
  await inFolderOf(path, removeIn).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
}

async function removeIn(parent: HeldFolder, name: string): Promise<void> {
  if (await unlinked(parent, name)) return
  await using top = await parent.folder(name)
  // Each round takes away one level at least.
  for (let left = mostLevels; left > 0; left--) {
    const folders = await empty(top, top)
    if (folders.length === 0) break
    for (const each of folders) {
      await using inner = await top.folder(each)
      await empty(inner, top)
      await top.removeFolder(each)
    }
  }
  await parent.removeFolder(name)
}

/** Unlinks all files of a folder. Its folders are moved to `top` under names of their own; those of `top` itself are returned. */
async function empty(folder: HeldFolder, top: HeldFolder): Promise<string[]> {
  const folders: string[] = []
  for (const name of await folder.names()) {
    if (await unlinked(folder, name)) continue
    if (folder === top) folders.push(name)
    else await folder.rename(name, `${randomBytes(8).toString('hex')}${temporarySuffix}`, top)
  }
  return folders
}

/** False for a folder: Linux says EISDIR, others may say EPERM (unlink(2)). */
async function unlinked(folder: HeldFolder, name: string): Promise<boolean> {
  try {
    await folder.unlink(name)
    return true
  } catch (error) {
    if (['EISDIR', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return false
    throw error
  }
}

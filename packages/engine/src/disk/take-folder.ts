import { chmod, lchown, lstat, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Makes a folder root's own. In former versions VMs worked in such folders themselves, so what stands there under a name of ours may be a link that one of them
 * made: whatever is neither a file nor a folder is removed. Does nothing to a folder of root's, nor without root.
 */
export async function takeFolder(folder: string): Promise<void> {
  const found = await lstat(folder).catch(() => undefined)
  if (!found?.isDirectory() || found.uid === 0 || process.getuid?.() !== 0) return
  await lchown(folder, 0, 0)
  await chmod(folder, 0o700)
  for (const entry of await readdir(folder, { withFileTypes: true }))
    if (!entry.isFile() && !entry.isDirectory()) await rm(join(folder, entry.name), { force: true })
}

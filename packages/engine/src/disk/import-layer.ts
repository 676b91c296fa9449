import { chmod, chown, constants, copyFile, link, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { temporaryName } from './files.ts'
import { checkSpace, publish } from './qemu-disks.ts'

/** Error codes of link(2) for a file that cannot be linked but can be copied. */
const copyInstead = new Set(['EXDEV', 'EPERM', 'EMLINK', 'EOPNOTSUPP'])

/**
 * Imports a sealed file (an image's disk) as a layer of the home: linked where that is possible, so that it takes no space, else copied (by
 * reference where the filesystem can). The file belongs to root, the VMs' group may read it, and nobody may write to it.
 * Whole or not at all; repeating it changes nothing. Throws `no_space`.
 */
export async function importLayer(from: string, to: string, vmGid: number): Promise<void> {
  const temporary = temporaryName(to)
  try {
    try {
      await link(from, temporary)
    } catch (error) {
      if (!copyInstead.has((error as NodeJS.ErrnoException).code ?? '')) throw error
      await checkSpace(dirname(to), (await stat(from)).blocks * 512)
      await copyFile(from, temporary, constants.COPYFILE_FICLONE)
    }
    await chown(temporary, 0, vmGid)
    await chmod(temporary, 0o444)
    await publish(temporary, to)
  } finally {
    // Also after success: rename(2) of one name of a file onto another name of the same file leaves both.
    await rm(temporary, { force: true })
  }
}

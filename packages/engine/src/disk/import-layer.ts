import { chmod, chown, constants, copyFile, link, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { temporaryName } from './files.ts'
import { checkSpace, publish } from './qemu-disks.ts'

/** Why a file cannot be linked but may be copied: link(2). */
const copyInstead = new Set(['EXDEV', 'EPERM', 'EMLINK', 'EOPNOTSUPP'])

/**
 * Brings a sealed file (an image's disk) into the home's layers: linked where that is possible, so that it takes no room, else copied (by
 * reference where the filesystem can). Both names are one immutable file then: root's, readable by the VMs' group, writable by nobody.
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
    await chmod(temporary, 0o640)
    await publish(temporary, to)
  } finally {
    // Also after success: rename(2) of one name of a file onto another name of the same file leaves both.
    await rm(temporary, { force: true })
  }
}

import { link, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { run } from '../process/run-process.ts'
import { temporaryName } from './files.ts'
import { inFolderOf } from './held-folder.ts'
import { checkSpace, publish } from './qemu-disks.ts'
import { sealedMode } from './sealed-file.ts'

const copyWithinMs = 30 * 60_000

/** Error codes of link(2) for a file that cannot be linked but can be copied. */
const copyInstead = new Set(['EXDEV', 'EPERM', 'EMLINK', 'EOPNOTSUPP'])

/**
 * Imports a sealed file (an image's disk) as a layer of the home: linked where that is possible, so that it takes no space, else copied (by
 * reference where the filesystem can). The file belongs to root, the VMs' group may read it, and nobody may write to it.
 * Whole or not at all; repeating it changes nothing. Throws `no_space`.
 */
export async function importLayer(from: string, to: string, vmGid: number): Promise<void> {
  await inFolderOf(to, async (folder, name) => {
    const temporary = temporaryName(name)
    try {
      await linkOrCopy(from, join(dirname(to), temporary))
      await using file = await folder.file(temporary, 'read')
      await file.chown(0, vmGid)
      await file.chmod(sealedMode)
      await publish(temporary, name, folder)
    } finally {
      // Also after success: rename(2) of one name of a file onto another name of the same file leaves both.
      await folder.unlink(temporary)
    }
  })
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
  } catch (error) {
    if (!copyInstead.has((error as NodeJS.ErrnoException).code ?? '')) throw error
    await checkSpace(dirname(to), (await stat(from)).blocks * 512)
    // cp keeps holes, of which an image has many; copyFile would fill them with zeros.
    await run(['cp', '--reflink=auto', '--sparse=always', '--', from, to], { timeoutMs: copyWithinMs })
  }
}

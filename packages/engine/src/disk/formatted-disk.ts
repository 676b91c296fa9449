import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { missingProgram } from '@ramet/model/errors/errors.ts'
import { ProcessFailed, run } from '../process/run-process.ts'

/** Filesystems that an empty drive can begin with. */
export const formattable: readonly string[] = ['ext4']

/**
 * Makes a raw, sparse file with an empty ext4: what an empty drive begins with. The host makes it together with the drive's first file, so that no guest ever formats a
 * drive of its own accord: a drive that has a file is never formatted. Inode tables and journal are left to the guest's kernel
 * (lazy initialisation): 1.2 MB and 16 ms for 2 GiB, 5 MB and 18 ms for 100 GiB (measured).
 */
export async function makeFormattedRaw(file: string, sizeBytes: number): Promise<void> {
  const made = await open(file, 'wx', 0o600)
  try {
    await made.truncate(sizeBytes)
  } finally {
    await made.close()
  }
  try {
    await run(['mke2fs', '-q', '-F', '-t', 'ext4', '-E', 'lazy_itable_init=1,lazy_journal_init=1,nodiscard', file], {
      cwd: dirname(file),
    })
  } catch (error) {
    if (error instanceof ProcessFailed && /is not installed/.test(error.message)) throw missingProgram('mke2fs', 'e2fsprogs')
    throw error
  }
}

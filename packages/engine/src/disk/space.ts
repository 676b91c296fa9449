import { statfs } from 'node:fs/promises'
import { diskFull, noSpace } from '@ramet/model/errors/errors.ts'
import { ProcessFailed } from '../process/run-process.ts'

const outOfSpace = /No space left on device|not enough free space|you don't have enough free space/i
/** SQLITE_FULL (sqlite.org/rescode.html). */
const databaseFull = 13

/** True of a failed program, system call or query that had no space left to write to, also when that is only the cause of `error`. */
export function isSpaceError(error: unknown): boolean {
  if (error instanceof ProcessFailed && outOfSpace.test(error.stderr)) return true
  const { code, errcode, cause } = (error ?? {}) as { code?: unknown; errcode?: unknown; cause?: unknown }
  return code === 'ENOSPC' || errcode === databaseFull || (cause !== undefined && isSpaceError(cause))
}

/** The same error, or `no_space` naming `folder` when that is what it means. */
export function asSpaceError(error: unknown, folder: string): unknown {
  return isSpaceError(error) ? diskFull(folder) : error
}

/** Free bytes for root under `folder`. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

/** `no_space` now rather than in the middle of the work. */
export async function requireSpace(folder: string, neededBytes: number): Promise<void> {
  const free = await freeBytes(folder)
  if (free < neededBytes) throw noSpace(folder, neededBytes, free)
}

import { statfs } from 'node:fs/promises'
import { diskFull, noSpace } from '@ramet/model/errors/errors.ts'
import { ProcessFailed } from '../process/run-process.ts'

const outOfSpace = /No space left on device|not enough free space|you don't have enough free space/i
/** SQLITE_FULL (sqlite.org/rescode.html). */
const databaseFull = 13

/** True when a program, system call or query failed because the disk was full; also true when that is only the cause of `error`. */
export function isSpaceError(error: unknown): boolean {
  if (error instanceof ProcessFailed && outOfSpace.test(error.stderr)) return true
  const { code, errcode, cause } = (error ?? {}) as { code?: unknown; errcode?: unknown; cause?: unknown }
  return code === 'ENOSPC' || errcode === databaseFull || (cause !== undefined && isSpaceError(cause))
}

/** Turns an error that means a full disk into `no_space`, which names `folder`; returns any other error as it is. */
export function asSpaceError(error: unknown, folder: string): unknown {
  return isSpaceError(error) ? diskFull(folder) : error
}

/** Bytes that root can still write under `folder`. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

/** Throws `no_space` before the work begins rather than in the middle of it. */
export async function requireSpace(folder: string, neededBytes: number): Promise<void> {
  const free = await freeBytes(folder)
  if (free < neededBytes) throw noSpace(folder, neededBytes, free)
}

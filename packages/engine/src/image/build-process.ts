import { statfs } from 'node:fs/promises'
import { noSpace } from '@ramet/model/errors.ts'
import { ProcessFailed, type RunOptions, type RunResult, run } from '../host/run-process.ts'

/** Programs of a build may take long on a slow line or disk; beyond this they hang. */
const buildTimeoutMs = 30 * 60_000

const outOfSpace = /No space left on device|not enough free space|you don't have enough free space|Could not allocate block/i

/**
 * Runs one program of a build. It dies with this process, however that ends (PR_SET_PDEATHSIG), so that nothing writes into a
 * folder that the next start reclaims. A full disk becomes `no_space` naming `folder`.
 */
export async function runBuild(argv: readonly [string, ...string[]], folder: string, options: RunOptions = {}): Promise<RunResult> {
  try {
    return await run(['setpriv', '--pdeathsig', 'KILL', '--', ...argv], { timeoutMs: buildTimeoutMs, ...options })
  } catch (error) {
    options.signal?.throwIfAborted()
    throw await asSpaceError(error, folder)
  }
}

/** The same error, or `no_space` naming `folder` when that is what it means. */
export async function asSpaceError(error: unknown, folder: string): Promise<unknown> {
  const isFull =
    (error instanceof ProcessFailed && outOfSpace.test(error.stderr)) || (error as NodeJS.ErrnoException | undefined)?.code === 'ENOSPC'
  return isFull ? spaceError(folder, 0) : error
}

/** Free bytes for root under `folder`. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

/** `no_space` now rather than in the middle of a build. */
export async function requireSpace(folder: string, neededBytes: number): Promise<void> {
  if ((await freeBytes(folder)) < neededBytes) throw await spaceError(folder, neededBytes)
}

async function spaceError(folder: string, neededBytes: number) {
  return noSpace(folder, neededBytes, await freeBytes(folder))
}

import { statfs } from 'node:fs/promises'
import { diskFull, missingProgram, noSpace } from '@ramet/model/errors.ts'
import { debianPackages } from '../host/debian-packages.ts'
import { ProcessFailed, type RunOptions, type RunResult, run } from '../host/run-process.ts'

/** Programs of a build may take long on a slow line or disk; beyond this they hang. */
const buildTimeoutMs = 30 * 60_000

const outOfSpace = /No space left on device|not enough free space|you don't have enough free space/i

/**
 * Runs one program of a build. It dies with this process, however that ends (PR_SET_PDEATHSIG), so that nothing writes into a
 * folder that the next start reclaims.
 */
export async function runBuild(argv: readonly [string, ...string[]], options: RunOptions = {}): Promise<RunResult> {
  try {
    return await run(['setpriv', '--pdeathsig', 'KILL', '--', ...argv], { timeoutMs: buildTimeoutMs, ...options })
  } catch (error) {
    options.signal?.throwIfAborted()
    throw error instanceof ProcessFailed ? ofProgram(argv, error) : error
  }
}

/** The failure as that of the program itself: setpriv and unshare only stand before it. */
function ofProgram(argv: readonly [string, ...string[]], { exitCode, stderr }: ProcessFailed): Error {
  const notFound = /failed to execute (\S+): No such file/.exec(stderr)?.[1]
  const debianPackage = (debianPackages as Record<string, string>)[notFound ?? '']
  if (notFound !== undefined && debianPackage !== undefined) return missingProgram(notFound, debianPackage)
  return new ProcessFailed(
    argv,
    exitCode,
    exitCode === null ? 'was ended or took too long' : `failed with exit code ${exitCode}`,
    stderr,
  )
}

/** True of a failed program or system call that had no space left to write to. */
export function isSpaceError(error: unknown): boolean {
  if (error instanceof ProcessFailed) return outOfSpace.test(error.stderr)
  return (error as NodeJS.ErrnoException | undefined)?.code === 'ENOSPC'
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

/** `no_space` now rather than in the middle of a build. */
export async function requireSpace(folder: string, neededBytes: number): Promise<void> {
  const free = await freeBytes(folder)
  if (free < neededBytes) throw noSpace(folder, neededBytes, free)
}

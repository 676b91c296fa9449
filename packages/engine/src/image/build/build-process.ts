import { missingProgram } from '@ramet/model/errors/errors.ts'
import { debianPackages } from '../../process/debian-packages.ts'
import { diesWithParent } from '../../process/dies-with-parent.ts'
import { ProcessFailed, type RunOptions, type RunResult, run } from '../../process/run-process.ts'

/** Programs of a build may take long on a slow line or disk; beyond this they hang. */
const buildTimeoutMs = 30 * 60_000

/**
 * Runs one program of a build. It dies with this process, so that nothing writes into a folder that the next start reclaims.
 */
export async function runBuild(argv: readonly [string, ...string[]], options: RunOptions = {}): Promise<RunResult> {
  try {
    return await run([...diesWithParent, ...argv], { timeoutMs: buildTimeoutMs, ...options })
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

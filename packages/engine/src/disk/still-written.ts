import { run } from '../process/run-process.ts'

/** Returns the first of these files that some process could still write to by what it has open, or that is gone. Paths of files that only root may open for writing now. */
export type FindStillWritten = (files: readonly string[]) => Promise<string | undefined>

/** `program`: path of `native/unwritten.c`, compiled. It takes as long as the start of a program, however many files there are. */
export function findStillWritten(program: () => Promise<string>): FindStillWritten {
  return async (files) => {
    if (files.length === 0) return undefined
    const { code, stdout } = await run([await program(), ...files], { okCodes: [0, 3] })
    return code === 0 ? undefined : stdout.trim()
  }
}

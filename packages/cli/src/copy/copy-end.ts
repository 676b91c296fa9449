import { invalidInput } from '@ramet/model/errors/errors.ts'

/** One side of a copy: a path in a machine of a run, or here when there is no run. */
export interface CopyEnd {
  readonly run?: string
  readonly path: string
}

/** `RUN:PATH`, as scp has it: a colon behind a slash is part of a path, so `./a:b` is a file here. A machine's empty path is its user's home folder. */
export function readCopyEnd(text: string): CopyEnd {
  const [, run, path] = /^([^/:][^/:]*):(.*)$/s.exec(text) ?? []
  return run === undefined || path === undefined ? { path: text } : { run, path: path === '' ? '.' : path }
}

export type Copy =
  | { readonly to: 'machine'; readonly run: string; readonly source: string; readonly target: string }
  | { readonly to: 'here'; readonly run: string; readonly source: string; readonly target: string }

/** Throws `invalid_input` unless exactly one side is in a machine. */
export function readCopy(source: string, target: string): Copy {
  const [from, to] = [readCopyEnd(source), readCopyEnd(target)]
  if (from.run === undefined && to.run !== undefined) return { to: 'machine', run: to.run, source: from.path, target: to.path }
  if (from.run !== undefined && to.run === undefined) return { to: 'here', run: from.run, source: from.path, target: to.path }
  throw invalidInput(
    from.run === undefined ? 'Neither side is in a machine.' : 'Both sides are in machines.',
    undefined,
    'One side is RUN:PATH, such as: ramet cp notes.txt 6a1f:/root/',
  )
}

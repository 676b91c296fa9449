import type { Progress } from '@ramet/model/api/wire.ts'

/** For `go list`: a line a program, with all packages that it is made of. */
export const listFormat = '{{.ImportPath}} {{join .Deps " "}}'

export interface ProgramsProgress {
  /** As files. */
  readonly names: readonly string[]
  readonly packages: number
  /** For a line of `go build -v`, which is a package whose compilation begins; undefined for any other. */
  seen(line: string): Progress | undefined
}

/**
 * Tells how far Go is with programs that it listed in `listFormat`: it compiles what the first is made of, then what the second is made of besides, and so on. What is there from an
 * earlier build is not printed and not counted.
 */
export function programsProgress(listing: string): ProgramsProgress {
  const programs = listing
    .trim()
    .split('\n')
    .map((line) => ({ packages: line.trim().split(' '), own: 0, seen: 0 }))
  const programOf = new Map<string, number>()
  for (const [index, program] of programs.entries()) {
    const own = program.packages.filter((name) => !programOf.has(name))
    for (const name of own) programOf.set(name, index)
    program.own = own.length
  }
  const names = programs.map(({ packages: [path = ''] }) => path.split('/').at(-1) ?? '')
  let seen = 0
  return {
    names,
    packages: programOf.size,
    seen: (line) => {
      const index = programOf.get(line)
      const program = programs[index ?? -1]
      if (index === undefined || !program) return undefined
      seen += 1
      program.seen += 1
      const message = `Compiling ${names[index]} (${index + 1} of ${programs.length}): ${program.seen} of ${program.own} packages`
      return { step: 'Compiling', message, percent: Math.round((100 * seen) / programOf.size) }
    },
  }
}

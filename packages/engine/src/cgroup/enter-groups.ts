import { join } from 'node:path'

const program = join(import.meta.dirname, 'enter-groups.sh')

/** Returns an argv that enters the control groups (folders) and then becomes `argv`, so that the program never runs outside them. */
export function enterGroups(groups: readonly string[], argv: readonly string[]): [string, ...string[]] {
  const [first, ...rest] = argv
  if (first === undefined) throw new Error('nothing to run')
  return groups.length === 0 ? [first, ...rest] : ['/bin/sh', program, ...groups, '--', first, ...rest]
}

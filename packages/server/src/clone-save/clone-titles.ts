import { limits } from '@ramet/model/manifest/manifest.ts'

const suffix = / \(clone(?: \d+)?\)$/

/**
 * Chooses titles for `count` clones of a run titled `source`, none of them in `taken`: `Shop (clone)`, `Shop (clone 2)`… A clone of a clone is numbered
 * with its siblings. `given`: a title to use instead; further clones get a number: `Test`, `Test 2`.
 */
export function cloneTitles(source: string, given: string | undefined, count: number, taken: ReadonlySet<string>): string[] {
  const stem = given ?? source.replace(suffix, '')
  const numbered = (number: number) => {
    if (given !== undefined) return within(stem, number === 1 ? '' : ` ${number}`)
    return within(stem, number === 1 ? ' (clone)' : ` (clone ${number})`)
  }
  const titles: string[] = []
  for (let number = 1; titles.length < count; number += 1) {
    const title = numbered(number)
    // A title that the owner asks for is used even if it is taken.
    if (!taken.has(title) || (given !== undefined && number === 1)) titles.push(title)
  }
  return titles
}

/** Shortens a title but keeps its end, which distinguishes the clones. Cuts by characters, never inside a surrogate pair. */
function within(stem: string, end: string): string {
  let kept = stem
  while (kept.length + end.length > limits.title) kept = [...kept].slice(0, -1).join('')
  return kept.trimEnd() + end
}

import { limits } from '@ramet/model/manifest/manifest.ts'

const suffix = / \(clone(?: \d+)?\)$/

/**
 * Titles for `count` clones of a run that is titled `source`, none of them in `taken`: `Shop (clone)`, `Shop (clone 2)`… A clone of a clone is numbered
 * on with its siblings. `given`: what the clones are to be called instead; further ones get a number: `Test`, `Test 2`.
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
    // What the owner asks for is given, twice if need be.
    if (!taken.has(title) || (given !== undefined && number === 1)) titles.push(title)
  }
  return titles
}

/** Cut so that the end, which tells the clones apart, stays. Cut by characters, so that no surrogate pair is. */
function within(stem: string, end: string): string {
  let kept = stem
  while (kept.length + end.length > limits.title) kept = [...kept].slice(0, -1).join('')
  return kept.trimEnd() + end
}

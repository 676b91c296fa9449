/** Levenshtein's distance, by rows. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const swap = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(swap, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    row = next
  }
  return row[b.length] as number
}

/** The known word that was most likely meant; undefined when none is near. */
export function closest(word: string, known: readonly string[]): string | undefined {
  if (word.length > 64) return undefined
  const lower = word.toLowerCase()
  const near = known
    .map((candidate) => {
      const other = candidate.toLowerCase()
      const related = lower.length > 2 && (other.startsWith(lower) || lower.startsWith(other))
      const beginsAlike = lower.length > 2 && other.slice(0, 3) === lower.slice(0, 3)
      const steps = distance(lower, other)
      return { candidate, distance: related ? 1 : beginsAlike ? Math.min(steps, 2) : steps }
    })
    .filter(({ candidate, distance }) => distance <= (candidate.length < 4 ? 1 : Math.max(2, Math.floor(candidate.length / 3))))
    .toSorted((a, b) => a.distance - b.distance)
  return near[0]?.candidate
}

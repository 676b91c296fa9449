import type { Playground } from '@ramet/model/api/wire.ts'
import { outOfReach } from '@ramet/model/plan/needs.ts'

/** What the visitor looks for in the catalogue. */
export interface Choice {
  /** Words that all must be in name, title, description or categories. */
  readonly words: string
  /** Undefined: of any. */
  readonly category: string | undefined
  /** Those too that need a registry out of reach. */
  readonly withUnreachable: boolean
}

export const anyPlayground: Choice = { words: '', category: undefined, withUnreachable: false }

export function choosePlaygrounds(
  playgrounds: readonly Playground[],
  { words, category, withUnreachable }: Choice,
): Playground[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean)
  return playgrounds.filter((playground) => {
    const { name, title, description, categories } = playground
    const text = [name, title, description, ...categories].join(' ').toLowerCase()
    return (
      wanted.every((word) => text.includes(word)) &&
      (category === undefined || categories.includes(category)) &&
      (withUnreachable || outOfReach(playground).length === 0)
    )
  })
}

/** Categories with how many playgrounds each has, the largest first. */
export function categoriesOf(playgrounds: readonly Playground[]): { readonly name: string; readonly count: number }[] {
  const counts = new Map<string, number>()
  for (const { categories } of playgrounds) for (const name of new Set(categories)) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts].map(([name, count]) => ({ name, count })).toSorted((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1))
}

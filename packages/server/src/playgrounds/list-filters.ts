import { invalidInput } from '@ramet/model/errors/errors.ts'
import type { User } from '../services.ts'
import type { PlaygroundUse } from '../store/playground-uses.ts'
import type { PlaygroundRow } from '../store/schema.ts'

/** Playgrounds that the user has started: those used last first, or those used most. Pure. */
export function byUse(
  rows: readonly PlaygroundRow[],
  uses: readonly PlaygroundUse[],
  order: 'recent' | 'popular',
): PlaygroundRow[] {
  const used = new Map(uses.map((use) => [use.playground_id, use]))
  const lastOf = ({ id }: PlaygroundRow) => used.get(id)?.last ?? ''
  const countOf = ({ id }: PlaygroundRow) => used.get(id)?.count ?? 0
  const newest = (a: PlaygroundRow, b: PlaygroundRow) => (lastOf(a) < lastOf(b) ? 1 : -1)
  return rows
    .filter(({ id }) => used.has(id))
    .toSorted((a, b) => (order === 'popular' ? countOf(b) - countOf(a) : 0) || newest(a, b))
}

/** labctl's filters over what the user may see; `recent` and `popular` are an order too (`byUse`). */
export function filterOf(user: User, filter: string | undefined): (row: PlaygroundRow) => boolean {
  switch (filter) {
    case undefined:
    case '':
    case 'base':
      return ({ owner_id }) => owner_id === null
    case 'my-custom':
      return ({ owner_id }) => owner_id === user.id
    case 'all':
      return () => true
    case 'community':
      return ({ owner_id }) => owner_id !== null && owner_id !== user.id
    default:
      throw invalidInput(
        `The filter ${filter} is not known.`,
        'filter',
        'Known: base, my-custom, recent, popular, all, community.',
      )
  }
}

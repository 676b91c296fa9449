import { can } from '@ramet/model/access/can.ts'
import { ownerAlone, visibilityOf } from '@ramet/model/access/sharing.ts'
import type { Playground } from '@ramet/model/api/wire.ts'
import { wireSpec } from '@ramet/model/api/wire-spec.ts'
import { subjectOfPlayground } from '../access/permit.ts'
import type { User } from '../services.ts'
import type { PlaygroundRow } from '../store/schema.ts'
import type { ShowWords } from './access-words.ts'
import { specOf } from './bases.ts'

/** What is told of a playground besides its row. */
interface Beside {
  readonly savedFrom?: Playground['savedFrom']
  /** Of people, by id (`peopleOf`). */
  readonly names?: ReadonlyMap<string, string>
  /** Default: what is kept is shown. */
  readonly showWords?: ShowWords
}

/** Converts a stored playground for the API. Of somebody else's it tells not who else may use it, but to its co-authors, nor the run that it was saved from: runs are never shared. */
export function wirePlayground(
  user: User,
  row: PlaygroundRow,
  webUrl: string,
  { savedFrom, names = new Map(), showWords = (lists) => lists }: Beside,
): Playground {
  const subject = subjectOfPlayground(row)
  const { machines, initTasks, accessControl: _, access: __, ...spec } = specOf(row)
  const { canList, canRead, canStart } = showWords(subject.access ?? ownerAlone)
  const role = roleIn(row, user)
  const isOwn = role === 'owner'
  const ownerName = row.owner_id === null || isOwn ? undefined : names.get(row.owner_id)
  const offeredTo = row.offered_to !== null && (isOwn || row.offered_to === user.id) ? names.get(row.offered_to) : undefined
  return {
    ...spec,
    ...wireSpec({ machines, initTasks }),
    accessControl: role ? { canList: [...canList], canRead: [...canRead], canStart: [...canStart] } : undefined,
    access: undefined,
    id: row.id,
    owner: row.owner_id ?? '',
    ...(ownerName === undefined ? {} : { ownerName }),
    ...(role === undefined ? {} : { role, coAuthors: namesOf(subject.coAuthors ?? [], names) }),
    ...(offeredTo === undefined ? {} : { offeredTo }),
    name: row.name,
    base: row.base,
    title: row.title,
    description: row.description,
    categories: JSON.parse(row.categories) as string[],
    ...(row.cover === null ? {} : { cover: row.cover }),
    ...(row.markdown === null ? {} : { markdown: row.markdown }),
    published: row.owner_id === null,
    pageUrl: `${webUrl}/playgrounds/${encodeURIComponent(row.name)}`,
    createdAt: row.created_at,
    visibility: row.owner_id === null ? 'public' : visibilityOf({ canList, canRead, canStart }),
    userAccess: {
      canList: can(user, 'playground.list', subject),
      canRead: can(user, 'playground.read', subject),
      canStart: can(user, 'playground.start', subject),
    },
    ...(isOwn && savedFrom !== undefined ? { savedFrom } : {}),
  }
}

export function roleIn(row: PlaygroundRow, { id }: Pick<User, 'id'>): Playground['role'] {
  if (row.owner_id === id) return 'owner'
  return subjectOfPlayground(row).coAuthors?.includes(id) ? 'co-author' : undefined
}

/** Ids of the people whose names are told with a playground. */
export const peopleOf = (row: PlaygroundRow): string[] =>
  [row.owner_id, row.offered_to, ...(subjectOfPlayground(row).coAuthors ?? [])].filter((id) => id !== null)

/** Without those who were removed, whose name has their id behind it. */
const namesOf = (ids: readonly string[], names: ReadonlyMap<string, string>): string[] =>
  ids.flatMap((id) => names.get(id) ?? []).filter((name) => !name.includes('~'))

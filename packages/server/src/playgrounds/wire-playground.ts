import { can } from '@ramet/model/access/can.ts'
import { ownerAlone, visibilityOf } from '@ramet/model/access/sharing.ts'
import type { Playground } from '@ramet/model/api/wire.ts'
import { wireSpec } from '@ramet/model/api/wire-spec.ts'
import { subjectOfPlayground } from '../access/permit.ts'
import type { User } from '../services.ts'
import type { PlaygroundRow } from '../store/schema.ts'
import { specOf } from './bases.ts'

/** What is told of a playground besides its row. */
interface Beside {
  readonly savedFrom?: Playground['savedFrom']
  readonly ownerName?: string | undefined
}

/** Converts a stored playground for the API. Of somebody else's it tells neither who else may use it nor the run that it was saved from: runs are never shared. */
export function wirePlayground(user: User, row: PlaygroundRow, webUrl: string, { savedFrom, ownerName }: Beside): Playground {
  const subject = subjectOfPlayground(row)
  const { machines, initTasks, accessControl: _, access: __, ...spec } = specOf(row)
  const { canList, canRead, canStart } = subject.access ?? ownerAlone
  const isOwn = row.owner_id === user.id
  return {
    ...spec,
    ...wireSpec({ machines, initTasks }),
    accessControl: isOwn ? { canList: [...canList], canRead: [...canRead], canStart: [...canStart] } : undefined,
    access: undefined,
    id: row.id,
    owner: row.owner_id ?? '',
    ...(ownerName === undefined ? {} : { ownerName }),
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

import { type Actor, can, missingScope, type Owned, type Permission } from '@ramet/model/access/can.ts'
import type { AccessLists } from '@ramet/model/access/sharing.ts'
import { notYours } from '@ramet/model/errors/account-errors.ts'
import { insufficientScope, notFound, notPermitted, officialPlayground } from '@ramet/model/errors/errors.ts'
import type { GroupRow, PlaygroundRow, RunRow } from '../store/schema.ts'

export type RunPermission = Permission & `run.${string}`
export type PlaygroundPermission = Permission & `playground.${string}`
export type GroupPermission = Permission & `group.${string}`

/** A throwaway run for warm starts belongs to the platform, whoever its row names. */
export const subjectOfRun = (row: Pick<RunRow, 'owner_id' | 'purpose'>): Owned => ({
  ownerId: row.purpose === 'user' ? row.owner_id : null,
})

/** Columns that say who may. */
type PlaygroundAccess = Pick<PlaygroundRow, 'owner_id' | 'access' | 'co_authors' | 'offered_to'>

export const subjectOfPlayground = (row: PlaygroundAccess): Owned => ({
  ownerId: row.owner_id,
  ...(row.access === null ? {} : { access: JSON.parse(row.access) as AccessLists }),
  ...(row.co_authors === null ? {} : { coAuthors: JSON.parse(row.co_authors) as string[] }),
  ...(row.offered_to === null ? {} : { offeredTo: row.offered_to }),
})

export const subjectOfGroup = (row: Pick<GroupRow, 'id' | 'owner_id'>): Owned => ({ ownerId: row.owner_id, group: row.id })

/** Returns the run if `user` may do `permission` to it. Throws the same `not_found` for a run that does not exist and one that is hidden from this user. */
export function permitRun<R extends Pick<RunRow, 'owner_id' | 'purpose'>>(
  user: Actor,
  permission: RunPermission,
  row: R | undefined,
  id: string,
): R {
  if (!row || !can(user, permission, subjectOfRun(row))) throw notFound('run', id, 'List yours with: ramet playground list -a')
  return row
}

/** As `permitRun`, for playgrounds. Throws `official_playground` or `not_yours` for one that may be seen but not changed, or not started. */
export function permitPlayground<R extends PlaygroundAccess>(
  user: Actor,
  permission: PlaygroundPermission,
  row: R | undefined,
  name: string,
): R {
  const subject = row && subjectOfPlayground(row)
  if (!row || !subject || !can(user, 'playground.read', subject)) {
    throw notFound('playground', name, 'See which there are with: ramet playground catalog')
  }
  if (!can(user, permission, subject))
    throw row.owner_id === null ? officialPlayground(name) : notYours(name, permission === 'playground.start')
  return row
}

/** As `permitRun`, for groups. `user` with his groups. Throws `not_permitted` for one that may be seen. */
export function permitGroup(user: Actor, permission: GroupPermission, row: GroupRow | undefined, name: string): GroupRow {
  if (!row || !can(user, 'group.read', subjectOfGroup(row)))
    throw notFound('group', name, 'See which there are with: ramet group ls')
  permit(user, permission, subjectOfGroup(row))
  return row
}

/** Says of a token that was made for less what it lacks. `can` would refuse it too, as if there were nothing. Throws `insufficient_scope`. */
export function permitScope(user: Actor, permission: Permission): void {
  const scope = missingScope(user, permission)
  if (scope !== undefined) throw insufficientScope(scope)
}

/** Checks a permission on what has no owner: images, the host, the user's own account. Throws `not_permitted`. */
export function permit(user: Actor, permission: Permission, subject: Owned): void {
  if (!can(user, permission, subject)) throw notPermitted(permission)
}

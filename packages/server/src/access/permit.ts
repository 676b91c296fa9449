import { type Actor, can, missingScope, type Owned, type Permission } from '@ramet/model/access/can.ts'
import { insufficientScope, notFound, notPermitted, officialPlayground } from '@ramet/model/errors/errors.ts'
import type { PlaygroundRow, RunRow } from '../store/schema.ts'

export type RunPermission = Permission & `run.${string}`
export type PlaygroundPermission = Permission & `playground.${string}`

/** A throwaway run for warm starts belongs to the platform, whoever its row names. */
export const subjectOfRun = (row: Pick<RunRow, 'owner_id' | 'purpose'>): Owned => ({
  ownerId: row.purpose === 'user' ? row.owner_id : null,
})

export const subjectOfPlayground = (row: Pick<PlaygroundRow, 'owner_id'>): Owned => ({ ownerId: row.owner_id })

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

/** As `permitRun`, for playgrounds. Throws `official_playground` for one that may be seen but not changed. */
export function permitPlayground<R extends Pick<PlaygroundRow, 'owner_id'>>(
  user: Actor,
  permission: PlaygroundPermission,
  row: R | undefined,
  name: string,
): R {
  const subject = row && subjectOfPlayground(row)
  if (!row || !subject || !can(user, 'playground.read', subject)) {
    throw notFound('playground', name, 'See which there are with: ramet playground catalog')
  }
  if (!can(user, permission, subject)) throw officialPlayground(name)
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

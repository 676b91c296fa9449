import type { AccessLists } from '@ramet/model/access/sharing.ts'
import { namesGroups } from '@ramet/model/access/sharing.ts'
import type { User } from '../services.ts'
import type { Db } from '../store/database.ts'
import { groupsOf } from '../store/groups.ts'
import { findPlayground } from '../store/playgrounds.ts'
import type { PlaygroundRow } from '../store/schema.ts'
import { type PlaygroundPermission, permitPlayground } from './permit.ts'

/**
 * The user with his groups, if who may use one of these playgrounds depends on them. Asked where it is decided, within the transaction that writes: nothing that lasts (a session, a
 * socket, an agent's connection) knows a group that its user has left.
 */
export async function withGroups(db: Db, user: User, rows: readonly Pick<PlaygroundRow, 'access'>[]): Promise<User> {
  const matters = rows.some(({ access }) => access !== null && namesGroups(JSON.parse(access) as AccessLists))
  return matters ? { ...user, groups: await groupsOf(db, user.id) } : user
}

/** The playground of this name, if the user may. Throws as `permitPlayground`. */
export async function permittedPlayground(
  db: Db,
  user: User,
  permission: PlaygroundPermission,
  name: string,
): Promise<PlaygroundRow> {
  const row = await findPlayground(db, name)
  return permitPlayground(await withGroups(db, user, row ? [row] : []), permission, row, name)
}

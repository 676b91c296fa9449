import { type AccessList, type AccessLists, accessLists } from '@ramet/model/access/sharing.ts'
import { unknownGroup } from '@ramet/model/errors/account-errors.ts'
import type { User } from '../services.ts'
import type { Db } from '../store/database.ts'
import { findGroup, groupsOf, namesOfGroups } from '../store/groups.ts'
import { findUser, namesOfUsers } from '../store/users.ts'

/**
 * Lists are kept with ids and shown with names: a name may be somebody else's later, who must not be let in by a list from before. Anybody makes groups, so a group has to be there, and
 * the user in it (or an admin, or it stands in `before`). A user need not be there yet: admins alone make them. Throws `unknown_group`.
 */
export async function listsToKeep(trx: Db, user: User, lists: AccessLists, before?: AccessLists): Promise<AccessLists> {
  const own = await groupsOf(trx, user.id)
  const known = new Set([...own, ...idsIn(before, 'group:')])
  const kept = async (who: string, where: string): Promise<string> => {
    const [kind, name = ''] = who.split(/:(.*)/)
    if (kind === 'group') {
      const id = known.has(name) ? name : (await findGroup(trx, name))?.id
      if (id === undefined || !(user.isAdmin || known.has(id))) throw unknownGroup(name, where)
      return `group:${id}`
    }
    const found = kind === 'user' ? await findUser(trx, name) : undefined
    return found ? `user:${found.id}` : who
  }
  return eachList(lists, (who, list, index) => kept(who, `accessControl.${list}[${index}]`))
}

/** Names instead of ids; without what is there no more. */
export type ShowWords = (lists: AccessLists) => AccessLists

export async function wordsToShow(db: Db, all: readonly (AccessLists | undefined)[]): Promise<ShowWords> {
  const users = await namesOfUsers(
    db,
    all.flatMap((lists) => idsIn(lists, 'user:')),
  )
  const groups = await namesOfGroups(
    db,
    all.flatMap((lists) => idsIn(lists, 'group:')),
  )
  const shown = (who: string): string[] => {
    const [kind, id = ''] = who.split(/:(.*)/)
    if (kind === 'group') return groups.has(id) ? [`group:${groups.get(id)}`] : []
    const name = kind === 'user' ? users.get(id) : undefined
    // The name of a user who was removed has his id behind it.
    if (name?.endsWith(`~${id}`)) return []
    return [name === undefined ? who : `user:${name}`]
  }
  return ({ canList, canRead, canStart }) => ({
    canList: canList.flatMap(shown),
    canRead: canRead.flatMap(shown),
    canStart: canStart.flatMap(shown),
  })
}

const idsIn = (lists: AccessLists | undefined, kind: string): string[] =>
  accessLists.flatMap((list) => lists?.[list] ?? []).flatMap((who) => (who.startsWith(kind) ? [who.slice(kind.length)] : []))

async function eachList(
  lists: AccessLists,
  change: (who: string, list: AccessList, index: number) => Promise<string>,
): Promise<AccessLists> {
  const changed: Record<AccessList, string[]> = { canList: [], canRead: [], canStart: [] }
  for (const list of accessLists)
    for (const [index, who] of lists[list].entries()) changed[list].push(await change(who, list, index))
  return changed
}

import type { RemoveUser } from '@ramet/model/api/users.ts'
import { lastAdmin, userHasThings } from '@ramet/model/errors/account-errors.ts'
import { invalidInput, notFound } from '@ramet/model/errors/errors.ts'
import { transferPlayground } from '../playgrounds/change-playground.ts'
import { transition } from '../runs/run.ts'
import type { GoneWithUser, Teller } from '../services.ts'
import { type Db, transaction } from '../store/database.ts'
import { deleteGroup, groupsOwnedBy, setGroupOwner } from '../store/groups.ts'
import { markPlaygroundRemoved, playgroundsOf } from '../store/playgrounds.ts'
import { runsOfUser } from '../store/runs.ts'
import { findUser, hasOtherAdmin, markUserRemoved, noted } from '../store/users.ts'

/**
 * Removes a user, and what is his as asked for: playgrounds and groups go to somebody else, or with him. Runs are never anybody else's: whoever had them moved could enter them. Throws
 * `user_has_things`, `last_admin`, `not_found`.
 */
export function removeUser(db: Db, by: Teller, name: string, { destroy = false, transferTo }: RemoveUser): Promise<GoneWithUser> {
  return transaction(db, async (trx) => {
    const row = await findUser(trx, name)
    if (!row) throw notFound('user', name, 'See who there is with: ramet user ls')
    if (row.role === 'admin' && !(await hasOtherAdmin(trx, row.id))) throw lastAdmin(name)
    const heir = transferTo === undefined ? undefined : await findUser(trx, transferTo)
    if (transferTo !== undefined && (!heir || heir.id === row.id))
      throw invalidInput(`${transferTo} is nobody else on this server.`, 'transferTo', 'See who there is with: ramet user ls')
    const runs = await runsOfUser(trx, row.id)
    const playgrounds = await playgroundsOf(trx, row.id)
    const groups = await groupsOwnedBy(trx, row.id)
    const left = heir ? runs.length : runs.length + playgrounds.length + groups.length
    if (left > 0 && !destroy) throw userHasThings(name, runs.length, playgrounds.length, groups.length)
    for (const { id, wanted } of runs) if (wanted !== 'DESTROYED') await transition(trx, id, { action: 'destroy' })
    for (const playground of playgrounds)
      await (heir ? transferPlayground(trx, playground, heir.id) : markPlaygroundRemoved(trx, playground.id))
    for (const { id } of groups) await (heir ? setGroupOwner(trx, id, heir.id) : deleteGroup(trx, id))
    await markUserRemoved(trx, row)
    await noted(by, trx, { subject: name, aboutId: row.id })
    return { runs: runs.map(({ id }) => id), playgrounds: heir ? [] : playgrounds.map(({ id }) => id) }
  })
}

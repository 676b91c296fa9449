import { type Limits, limitReached } from '@ramet/model/access/limits.ts'
import type { AccessLists } from '@ramet/model/access/sharing.ts'
import type { ChangePlayground } from '@ramet/model/api/wire.ts'
import { invalidInput } from '@ramet/model/errors/errors.ts'
import { permittedPlayground } from '../access/membership.ts'
import { subjectOfPlayground } from '../access/permit.ts'
import { authorOf } from '../runs/consent.ts'
import type { User } from '../services.ts'
import { type Db, transaction } from '../store/database.ts'
import { countPlaygrounds, updatePlayground } from '../store/playgrounds.ts'
import type { PlaygroundRow } from '../store/schema.ts'
import { findUser, noted } from '../store/users.ts'
import { listsToKeep } from './access-words.ts'

/** What is said of a playground, who may use it and who writes it with its owner; the last is its owner's to say. */
export function changePlayground(
  db: Db,
  user: User,
  name: string,
  { categories, accessControl, coAuthors, ...texts }: ChangePlayground,
): Promise<PlaygroundRow> {
  return transaction(db, async (trx) => {
    const before = await permittedPlayground(trx, user, coAuthors ? 'playground.transfer' : 'playground.change', name)
    await updatePlayground(trx, before.id, {
      ...texts,
      ...(categories === undefined ? {} : { categories: JSON.stringify(categories) }),
      ...(accessControl === undefined ? {} : { access: await keptAccess(trx, user, accessControl, before) }),
      ...(coAuthors === undefined ? {} : { co_authors: await idsOf(trx, coAuthors, before) }),
    })
    const told = [accessControl && toldLists(accessControl), coAuthors && `co-authors: ${coAuthors.join(' ') || 'none'}`]
    await noted(user, trx, { subject: name, detail: told.filter(Boolean).join('; ') || undefined })
    return permittedPlayground(trx, user, 'playground.change', name)
  })
}

/** Who else may use a playground, for the audit log. */
const toldLists = (lists: AccessLists): string =>
  Object.entries(lists)
    .map(([list, who]) => `${list}: ${who.join(' ')}`)
    .join('; ')

export async function keptAccess(trx: Db, user: User, lists: AccessLists, before: PlaygroundRow): Promise<string> {
  return JSON.stringify(await listsToKeep(trx, user, lists, subjectOfPlayground(before).access))
}

async function idsOf(trx: Db, names: readonly string[], { owner_id }: PlaygroundRow): Promise<string | null> {
  const ids = new Set<string>()
  for (const [index, name] of names.entries()) ids.add(await idOf(trx, name, `coAuthors[${index}]`))
  ids.delete(owner_id ?? '')
  return ids.size === 0 ? null : JSON.stringify([...ids])
}

async function idOf(trx: Db, name: string, where: string): Promise<string> {
  const found = await findUser(trx, name)
  if (!found) throw invalidInput(`There is no user named ${name}.`, where, 'Names are those that people sign in with.')
  return found.id
}

/** Keeps to whom its owner offers it; undefined: to nobody any more. Nothing changes hands before it is accepted. */
export function offerPlayground(db: Db, user: User, name: string, to: string | undefined): Promise<PlaygroundRow> {
  return transaction(db, async (trx) => {
    const { id } = await permittedPlayground(trx, user, 'playground.transfer', name)
    const offeredTo = to === undefined ? null : await idOf(trx, to, 'to')
    if (offeredTo === user.id) throw invalidInput('It is yours already.', 'to')
    await updatePlayground(trx, id, { offered_to: offeredTo })
    const detail = to === undefined ? 'to nobody any more' : `offered to ${to}`
    await noted(user, trx, { subject: name, detail, aboutId: offeredTo ?? undefined })
    return permittedPlayground(trx, user, 'playground.transfer', name)
  })
}

/** Whoever it is offered to takes it, or not. What it takes on the disk is his from then on; who wrote it, and who may use it, stays. */
export function answerOffer(db: Db, user: User, name: string, isTaken: boolean, limits: Limits): Promise<PlaygroundRow> {
  return transaction(db, async (trx) => {
    const row = await permittedPlayground(trx, user, 'playground.accept', name)
    if (!isTaken) {
      await updatePlayground(trx, row.id, { offered_to: null })
      await noted(user, trx, { subject: name, detail: 'refused', aboutId: row.owner_id ?? undefined })
      return row
    }
    if ((await countPlaygrounds(trx, user.id)) >= limits.playgrounds) throw limitReached('playgrounds', limits)
    await transferPlayground(trx, row, user.id)
    await noted(user, trx, { subject: name, detail: 'accepted', aboutId: row.owner_id ?? undefined })
    return permittedPlayground(trx, user, 'playground.read', name)
  })
}

export async function transferPlayground(trx: Db, row: PlaygroundRow, ownerId: string): Promise<void> {
  const coAuthors = ((row.co_authors && JSON.parse(row.co_authors)) as string[] | null)?.filter((id) => id !== ownerId) ?? []
  await updatePlayground(trx, row.id, {
    owner_id: ownerId,
    written_by: authorOf(row),
    co_authors: coAuthors.length === 0 ? null : JSON.stringify(coAuthors),
    offered_to: null,
  })
}

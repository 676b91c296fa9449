import { consentNeeded } from '@ramet/model/errors/account-errors.ts'
import type { User } from '../services.ts'
import { hasConsented, insertConsent } from '../store/consents.ts'
import type { Db } from '../store/database.ts'
import { findPlaygroundById } from '../store/playgrounds.ts'
import type { PlaygroundRow } from '../store/schema.ts'
import { namesOfUsers } from '../store/users.ts'

/** Whoever wrote a playground as it is now; null: it is the platform's. */
export const authorOf = ({ owner_id, written_by }: Pick<PlaygroundRow, 'owner_id' | 'written_by'>): string | null =>
  owner_id === null ? null : (written_by ?? owner_id)

/**
 * Asks once a person, playground and author whether what somebody else wrote is to run. Of one's own playground its base counts, whose tasks and files it has; what one saved oneself was
 * run before. Throws `consent_needed`, unless it is `given`.
 */
export async function requireConsent(db: Db, user: User, playground: PlaygroundRow, given: boolean): Promise<void> {
  const foreign = await foreignIn(db, user, playground)
  if (!foreign) return
  const consent = { userId: user.id, playgroundId: foreign.row.id, authorId: foreign.author }
  if (await hasConsented(db, consent)) return
  if (given) return insertConsent(db, consent)
  const names = await namesOfUsers(db, [foreign.author])
  throw consentNeeded(playground.name, foreign.row.name, names.get(foreign.author) ?? 'somebody')
}

async function foreignIn(db: Db, user: User, playground: PlaygroundRow) {
  const seen = new Set<string>()
  let row: PlaygroundRow | undefined = playground
  // Only a damaged store has a cycle.
  while (row && !seen.has(row.id)) {
    const author = authorOf(row)
    if (author === null) return undefined
    if (author !== user.id) return { row, author }
    if (row.saved_from !== null || row.base_id === null) return undefined
    seen.add(row.id)
    row = await findPlaygroundById(db, row.base_id)
  }
  return undefined
}

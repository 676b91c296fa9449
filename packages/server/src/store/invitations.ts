import { type Db, now, transaction } from './database.ts'
import { type User, userOf } from './users.ts'

/** Takes the place of an earlier one of the same user. */
export function insertInvitation(db: Db, invitation: { hash: string; userId: string; expiresAt: Date }): Promise<void> {
  return transaction(db, async (trx) => {
    await trx.deleteFrom('invitations').where('user_id', '=', invitation.userId).execute()
    await trx
      .insertInto('invitations')
      .values({ hash: invitation.hash, user_id: invitation.userId, expires_at: invitation.expiresAt.toISOString() })
      .execute()
  })
}

/** Uses an invitation up and returns whom it lets in; undefined when it was used, has expired, never was, or its user is locked out. */
export function takeInvitation(db: Db, hash: string): Promise<User | undefined> {
  return transaction(db, async (trx) => {
    const row = await trx
      .selectFrom('invitations')
      .innerJoin('users', 'users.id', 'invitations.user_id')
      .select(['users.id', 'users.name', 'users.role', 'invitations.expires_at'])
      .where('hash', '=', hash)
      .where('users.disabled_at', 'is', null)
      .where('users.removed_at', 'is', null)
      .executeTakeFirst()
    if (!row || row.expires_at <= now()) return undefined
    await trx.deleteFrom('invitations').where('hash', '=', hash).execute()
    return userOf(row)
  })
}

export async function removeInvitationsOf(trx: Db, userId: string): Promise<void> {
  await trx.deleteFrom('invitations').where('user_id', '=', userId).execute()
}

import { type Db, now } from './database.ts'

export interface Consent {
  readonly userId: string
  readonly playgroundId: string
  readonly authorId: string
}

export async function hasConsented(db: Db, { userId, playgroundId, authorId }: Consent): Promise<boolean> {
  const row = await db
    .selectFrom('consents')
    .select('at')
    .where('user_id', '=', userId)
    .where('playground_id', '=', playgroundId)
    .where('author_id', '=', authorId)
    .executeTakeFirst()
  return row !== undefined
}

export async function insertConsent(db: Db, { userId, playgroundId, authorId }: Consent): Promise<void> {
  await db
    .insertInto('consents')
    .values({ user_id: userId, playground_id: playgroundId, author_id: authorId, at: now() })
    .onConflict((c) => c.doNothing())
    .execute()
}

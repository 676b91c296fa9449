import type { AuditAction } from '@ramet/model/access/audited.ts'
import { sql } from 'kysely'
import type { Db } from './database.ts'
import type { AuditRow } from './schema.ts'

/** Writes an entry; one that is there already (a transaction that was tried again, or what failed after it) is written over. */
export async function putAuditEntry(db: Db, row: AuditRow): Promise<void> {
  const { id: _, ...values } = row
  await db
    .insertInto('audit')
    .values(row)
    .onConflict((of) => of.column('id').doUpdateSet(values))
    .execute()
}

/** Counts what came again. */
export async function countAuditEntry(db: Db, id: string, more: number, lastAt: string): Promise<void> {
  await db
    .updateTable('audit')
    .set((e) => ({ times: e('times', '+', more), last_at: lastAt }))
    .where('id', '=', id)
    .execute()
}

export interface AuditPage {
  /** What this user did or was done to his; undefined: everybody's. */
  readonly ofUser: string | undefined
  /** RFC 3339, UTC: entries whose last time is not before it. */
  readonly since: string | undefined
  /** Those whose action is this, or begins with it and a dot. */
  readonly action: string | undefined
  readonly limit: number
  readonly after: string | undefined
}

/** Newest first: ids are in the order of time. */
export async function listAudit(db: Db, { ofUser, since, action, limit, after }: AuditPage): Promise<AuditRow[]> {
  return db
    .selectFrom('audit')
    .selectAll()
    .$if(ofUser !== undefined, (q) => q.where((e) => e.or([e('user_id', '=', ofUser ?? ''), e('about_id', '=', ofUser ?? '')])))
    .$if(since !== undefined, (q) => q.where('last_at', '>=', since ?? ''))
    .$if(action !== undefined, (q) => q.where((e) => e.or([e('action', '=', action as AuditAction), startsWith(`${action}.`)])))
    .$if(after !== undefined, (q) => q.where('id', '<', after ?? ''))
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()
}

/** Without LIKE, whose case differs between the stores. */
const startsWith = (text: string) => sql<boolean>`substr(action, 1, ${sql.lit(text.length)}) = ${text}`

/** Forgets what is older, and of each person, and of all who are unknown together, all but the newest `most`: nobody pushes out what others did. Returns how many. */
export async function trimAudit(db: Db, before: string, most: number): Promise<number> {
  const old = await db.deleteFrom('audit').where('last_at', '<', before).executeTakeFirst()
  const whose = await db
    .selectFrom('audit')
    .select(['user_id', ({ fn }) => fn.countAll<number>().as('count')])
    .groupBy('user_id')
    .execute()
  let removed = Number(old.numDeletedRows)
  for (const { user_id, count } of whose) {
    if (Number(count) <= most) continue
    const oldestKept = await ofWhom(db, user_id)
      .select('id')
      .orderBy('id', 'desc')
      .offset(most - 1)
      .limit(1)
      .executeTakeFirst()
    const { numDeletedRows } = await db
      .deleteFrom('audit')
      .where('user_id', user_id === null ? 'is' : '=', user_id)
      .where('id', '<', oldestKept?.id ?? '')
      .executeTakeFirst()
    removed += Number(numDeletedRows)
  }
  return removed
}

const ofWhom = (db: Db, userId: string | null) => db.selectFrom('audit').where('user_id', userId === null ? 'is' : '=', userId)

import { notFound } from '@ramet/model/errors/errors.ts'
import type { Lineages } from '../services.ts'
import type { Db } from '../store/database.ts'
import { lineageOf } from './lineage.ts'

/** Lineages of what the user may see. What is destroyed or removed has one too: its row is still there. */
export function lineageService(db: Db): Lineages {
  return {
    async ofRun(user, id) {
      const row = await db
        .selectFrom('runs')
        .select('id')
        .where('id', '=', id)
        .where('owner_id', '=', user.id)
        .where('purpose', '=', 'user')
        .executeTakeFirst()
      if (!row) throw notFound('run', id, 'List yours with: ramet playground list -a')
      return lineageOf(db, { kind: 'run', id })
    },

    async ofPlayground(user, name) {
      const rows = await db
        .selectFrom('playgrounds')
        .select(['id', 'removed_at'])
        .where('name', '=', name)
        .where((is) => is.or([is('owner_id', 'is', null), is('owner_id', '=', user.id)]))
        .orderBy('created_at', 'desc')
        .execute()
      // A name that was given again means the one that has it now.
      const row = rows.find(({ removed_at }) => removed_at === null) ?? rows[0]
      if (!row) throw notFound('playground', name, 'See which there are with: ramet playground catalog')
      return lineageOf(db, { kind: 'playground', id: row.id })
    },
  }
}

import { actionRefused, neverUp } from '@ramet/model/errors/errors.ts'
import { refusal } from '@ramet/model/run/run-state.ts'
import type { Db } from '../store/database.ts'
import type { RunRow } from '../store/schema.ts'

export type CopyAction = 'clone' | 'save'

/** Throws when the run cannot be copied: `action_refused` in its state, `never_up` when it has nothing of its own. A clone has, even if it never started. */
export async function checkCopyable(db: Db, row: RunRow, action: CopyAction): Promise<void> {
  const otherwise = refusal(action, row.state)
  if (otherwise) throw actionRefused(action, row.state, otherwise.replaceAll('ID', row.id))
  if (row.cloned_from !== null) return
  const wasUp = await db
    .selectFrom('state_events')
    .select('seq')
    .where('run_id', '=', row.id)
    .where('state', '=', 'RUNNING')
    .executeTakeFirst()
  if (!wasUp) throw neverUp(action, row.id, row.playground_name)
}

import { neverUp } from '@ramet/model/errors/errors.ts'
import { mustAllow } from '../runs/allowed.ts'
import type { Db } from '../store/database.ts'
import { type Run, wasUp } from '../store/runs.ts'

export type CopyAction = 'clone' | 'save'

/** Throws when the run cannot be copied: `action_refused` in its state, `never_up` when it has no content. A clone has content even if it never started. */
export async function checkCopyable(db: Db, run: Run, action: CopyAction): Promise<void> {
  mustAllow(action, run)
  if (run.cloned_from === null && !(await wasUp(db, run.id))) throw neverUp(action, run.id, run.playground_name)
}

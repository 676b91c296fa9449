import { permitRun, type RunPermission } from '../access/permit.ts'
import type { User } from '../services.ts'
import type { Db } from '../store/database.ts'
import { findRun, type Run } from '../store/runs.ts'

/** How long a destroyed run can still be read: labctl polls until it sees DESTROYED and takes a 404 for an error. */
export const destroyedReadableMs = 10 * 60_000

/** Returns the run if `user` may do `permission` to it. Throws `not_found` for other users, and for a run that was destroyed a while ago. */
export type PermittedRun = (user: User, permission: RunPermission, id: string) => Promise<Run>

export const permittedRun =
  (db: Db): PermittedRun =>
  async (user, permission, id) => {
    const run = await findRun(db, id)
    const isReadable = run && (run.state !== 'DESTROYED' || Date.now() - Date.parse(run.last_state_at) < destroyedReadableMs)
    return permitRun(user, permission, isReadable ? run : undefined, id)
  }

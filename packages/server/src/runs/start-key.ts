import { keyReused } from '@ramet/model/errors/errors.ts'
import type { Db } from '../store/database.ts'
import { findRunByKey } from '../store/runs.ts'

/** Names the request that starts a run, so that the same request sent again starts none. Both are SHA-256, hex. */
export interface StartKey {
  readonly key: string
  readonly body: string
}

export const keyColumns = (key: StartKey | undefined) => ({ start_key: key?.key ?? null, start_body: key?.body ?? null })

/** The run that this user's request with the key has started already. Throws `idempotency_key_reused` when that was another request. */
export async function startedBefore(db: Db, ownerId: string, key: StartKey | undefined): Promise<string | undefined> {
  const found = key && (await findRunByKey(db, ownerId, key.key))
  if (found && found.start_body !== key.body) throw keyReused()
  return found?.id
}

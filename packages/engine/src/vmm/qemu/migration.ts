import { setTimeout as delay } from 'node:timers/promises'
import type { QmpClient } from './qmp.ts'

/** `MigrationStatus` of qapi/migration.json, those of precopy. */
const overStates = ['none', 'completed', 'failed', 'cancelled']
const endWithinMs = 30_000

export interface MigrationInfo {
  readonly status?: string
  readonly ram?: { readonly remaining: number }
  readonly 'error-desc'?: string
}

/** Enables status events, which are off by default. */
export const withEvents = { capability: 'events', state: true }

export const migrationInfo = (qmp: QmpClient) => qmp.execute<MigrationInfo>('query-migrate')

/** Waits for an event with one of the `wanted` statuses; rejects when the migration ends otherwise, or after `timeoutMs`. Call it before the command that causes the event. */
export async function migrationReaches(qmp: QmpClient, wanted: readonly string[], timeoutMs: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const take = (status: string | undefined, why?: string) => {
    if (status === undefined) return
    if (wanted.includes(status)) resolve(status)
    else if (status === 'failed' || status === 'cancelled') reject(new Error(`the migration ${why ?? status}`))
  }
  const stop = qmp.listen(({ event, data }) => {
    if (event === 'MIGRATION' && typeof data.status === 'string') take(data.status)
  })
  const timer = setTimeout(() => reject(new Error(`the migration did not become ${wanted.join(' or ')} in time`)), timeoutMs)
  void qmp.closed.then(() => reject(new Error('QEMU closed its control connection')))
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    stop()
  }
}

/** Cancels a migration; resolves when none is under way. */
export async function endMigration(qmp: QmpClient): Promise<void> {
  const deadline = Date.now() + endWithinMs
  for (;;) {
    const { status = 'none' } = await migrationInfo(qmp)
    if (overStates.includes(status)) return
    if (Date.now() > deadline) throw new Error(`the migration stays ${status}`)
    if (status !== 'cancelling') await qmp.execute('migrate_cancel')
    await delay(10)
  }
}

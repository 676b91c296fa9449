import type { Host } from '@ramet/engine'
import type { Db } from '../store/database.ts'
import { knownToStore } from '../store/known-to-store.ts'
import { forgetBuilding } from '../store/layers.ts'

/**
 * Cleans up after a killed server, once at start before any workflow. It removes host objects and files of this installation that no row accounts for, and the
 * files of unfinished layers; then the rows of those layers, so that no file is left without its row.
 */
export async function reclaim(
  db: Db,
  host: Pick<Host, 'reclaim'>,
  log: { warn(what: object, message: string): void },
): Promise<void> {
  const known = await knownToStore(db)
  for (const { what, name } of await host.reclaim(known)) log.warn({ what, name }, 'reclaimed what no row accounts for')
  for (const { id, isSealed } of known.layers) {
    if (isSealed) continue
    log.warn({ layer: id }, 'reclaimed a layer that was never finished')
    await forgetBuilding(db, id)
  }
}

import type { Host } from '@ramet/engine'
import type { Db } from '../store/database.ts'
import { knownToStore } from '../store/known-to-store.ts'
import { forgetBuilding } from '../store/layers.ts'

/**
 * Once at start, before any workflow: what a server that was killed had begun. Host objects and files of this installation that no row accounts for go, and with them the
 * files of layers that were never finished; then the rows of those, so that no file is left without its row.
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

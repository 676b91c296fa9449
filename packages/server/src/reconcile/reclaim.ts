import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Host, hostName } from '@ramet/engine/run/host.ts'
import { namesFolder, runsFolder } from '@ramet/engine/run/run-folder.ts'
import type { Kysely } from 'kysely'
import type { Logger } from 'pino'
import { reclaimLayers, reclaimOverlays } from '../storage/layers/reclaim.ts'
import { reclaimSnapshots } from '../storage/snapshots/reclaim.ts'
import type { Database } from '../store/schema.ts'

/**
 * Once at start, before the reconciler: whatever host object or file of this installation no row accounts for is a leftover of a crash.
 * Only names with our installation id and files below our home are touched.
 */
export async function reclaim(db: Kysely<Database>, host: Host, log: Logger): Promise<void> {
  const rows = await db
    .selectFrom('runs')
    .select(['id', 'short_id', 'state', 'wanted'])
    .where('state', '!=', 'DESTROYED')
    .execute()
  const names = new Set(rows.map((row) => hostName(host.installation, row.short_id)))
  const ids = new Set(rows.map((row) => row.id))
  const known = new Set(rows.map((row) => namesFolder(host.home, row.id)))
  for (const folder of await host.resolvers.list(runsFolder(host.home))) {
    if (known.has(folder)) continue
    log.warn({ folder }, 'reclaiming the resolver of a run that is gone')
    await host.resolvers.end(folder)
  }
  for (const name of await host.cgroups.list(host.installation)) {
    if (names.has(name)) continue
    log.warn({ group: name }, 'reclaiming the control groups of a run that is gone')
    await host.cgroups.remove(name)
  }
  for (const name of await host.networks.list(host.installation)) {
    if (names.has(name)) continue
    log.warn({ network: name }, 'reclaiming a network that no run accounts for')
    await host.networks.remove(name)
  }
  for (const runId of await host.networks.leases(host.installation)) {
    if (ids.has(runId)) continue
    log.warn({ run: runId }, 'reclaiming the addresses of a run that is gone')
    await host.networks.release(host.installation, runId)
  }
  for (const entry of await readdir(runsFolder(host.home)).catch(() => [])) {
    if (ids.has(entry)) continue
    log.warn({ folder: entry }, 'reclaiming the files of a run that is gone')
    await rm(join(runsFolder(host.home), entry), { recursive: true, force: true })
  }
  await reclaimSnapshots(db, host.home, log)
  await reclaimLayers(db, host, log)
  await reclaimOverlays(db, host, log)
}

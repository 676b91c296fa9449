import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { temporarySuffix } from '@ramet/engine/host/files.ts'
import { type Host, hostName } from '@ramet/engine/run/host.ts'
import { runsFolder } from '@ramet/engine/run/run-folder.ts'
import type { Kysely } from 'kysely'
import type { Logger } from 'pino'
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
  await reclaimLayers(db, host, log)
}

/** Layers that were being made, and files under temporary names. */
async function reclaimLayers(db: Kysely<Database>, host: Host, log: Logger): Promise<void> {
  const folder = join(host.home, 'layers')
  const building = await db.selectFrom('layers').select(['id', 'file']).where('state', '=', 'building').execute()
  for (const layer of building) {
    log.warn({ layer: layer.id }, 'reclaiming a layer that was never finished')
    await rm(join(host.home, layer.file), { force: true })
    await db.deleteFrom('layers').where('id', '=', layer.id).execute()
  }
  const known = new Set((await db.selectFrom('layers').select('file').execute()).map((layer) => layer.file))
  for (const entry of await readdir(folder).catch(() => [])) {
    if (known.has(join('layers', entry)) && !entry.endsWith(temporarySuffix)) continue
    log.warn({ file: entry }, 'reclaiming a layer file that no row accounts for')
    await rm(join(folder, entry), { force: true })
  }
}

import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { temporarySuffix } from '@ramet/engine/disk/files.ts'
import type { Host } from '@ramet/engine/run/host.ts'
import { overlaysFolder } from '@ramet/engine/run/run-folder.ts'
import type { Kysely } from 'kysely'
import type { Database } from '../../store/schema.ts'

type Parts = Pick<Host, 'home' | 'layers'>
type Log = { warn(what: object, message: string): void }

/**
 * Layers that were being made when the server was killed, and files that no row accounts for. A layer that was to be a overlay has the same file as that overlay, whose name
 * is still there: unlinking loses nothing.
 */
export async function reclaimLayers(db: Kysely<Database>, { home }: Parts, log: Log): Promise<void> {
  const building = await db.selectFrom('layers').select(['id', 'file']).where('state', '=', 'building').execute()
  for (const layer of building) {
    log.warn({ layer: layer.id }, 'reclaiming a layer that was never finished')
    await rm(join(home, layer.file), { force: true })
    await db.deleteFrom('layers').where('id', '=', layer.id).execute()
  }
  const known = new Set((await db.selectFrom('layers').select('file').execute()).map((layer) => layer.file))
  for (const entry of await readdir(join(home, 'layers')).catch(() => [])) {
    if (known.has(join('layers', entry)) && !entry.endsWith(temporarySuffix)) continue
    log.warn({ file: entry }, 'reclaiming a layer file that no row accounts for')
    await rm(join(home, 'layers', entry), { force: true })
  }
}

/**
 * Files in the runs' folders that are no drive's overlay (any more), and overlays given back to the VM's user, since a seal that a crash interrupted may have taken them (a VM
 * that has them open notices neither). While a run's machines are on, only further names of sealed layers are removed: what else is there may be about to be a overlay.
 */
export async function reclaimOverlays(db: Kysely<Database>, { home, layers }: Parts, log: Log): Promise<void> {
  const runs = await db.selectFrom('runs').select(['id', 'state']).where('state', 'not in', ['DESTROYED', 'DESTROYING']).execute()
  const drives = await db.selectFrom('drives').select(['run_id', 'overlay', 'next_overlay']).execute()
  const sealed = new Set<string>()
  for (const { file } of await db.selectFrom('layers').select('file').where('state', '=', 'sealed').execute()) {
    const identity = await identify(join(home, file))
    if (identity !== undefined) sealed.add(identity)
  }
  for (const { id, state } of runs) {
    const folder = overlaysFolder(home, id)
    const overlays = new Set(
      drives.filter(({ run_id }) => run_id === id).flatMap(({ overlay, next_overlay }) => [overlay, next_overlay]),
    )
    for (const entry of await readdir(folder).catch((): string[] => [])) {
      const path = join(folder, entry)
      if (overlays.has(entry)) {
        await layers.makeWritable(path)
      } else if (state !== 'RUNNING' || sealed.has((await identify(path)) ?? '')) {
        log.warn({ run: id, file: entry }, 'reclaiming a file that no drive accounts for')
        await rm(path, { force: true })
      }
    }
  }
}

async function identify(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined)
  return found && `${found.dev}:${found.ino}`
}

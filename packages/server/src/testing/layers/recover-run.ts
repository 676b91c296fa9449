import { rename, rm } from 'node:fs/promises'
import { runFolder } from '@ramet/engine/testing'
import { collectLayers } from '../../storage/layers/collect.ts'
import { sealOverlays } from '../../storage/layers/seal.ts'
import { announcedOverlays, announceOverlays } from '../../store/drives.ts'
import { putRun } from '../put-run.ts'
import type { TestHome } from '../test-home.ts'

/** A run is removed as its last workflow does it, from wherever that was broken off. */
export async function finishDestroying(home: TestHome, id: string): Promise<void> {
  await home.db.deleteFrom('drives').where('run_id', '=', id).execute()
  home.tools.afterStep?.('destroy/forget-drives')
  const folder = runFolder(home.home, id)
  await rename(folder, `${folder}.tmp`).catch(() => {})
  home.tools.afterStep?.('destroy/rename')
  await rm(`${folder}.tmp`, { recursive: true, force: true })
  await putRun(home.db, id, { state: 'DESTROYED' })
  await collectLayers(home.tools)
}

/** A machine went on without its server, which asks it now which overlays it writes to: `open`, by drive. */
export async function takeOver(home: TestHome, id: string, open: readonly string[]): Promise<void> {
  const announced = await announcedOverlays(home.db, id)
  const isSwitched = ({ driveIndex, nextOverlay }: { driveIndex: number; nextOverlay: string }) =>
    open[driveIndex] === nextOverlay
  const notSwitched = announced.filter((drive) => !isSwitched(drive))
  await announceOverlays(
    home.db,
    id,
    notSwitched.map((drive) => ({ ...drive, nextOverlay: null })),
  )
  await home.tools.storage.removeOverlays(notSwitched.map(({ nextOverlay }) => ({ runId: id, overlay: nextOverlay })))
  const switched = announced.filter(isSwitched)
  if (switched.length > 0) await sealOverlays(home.tools, id, switched)
  // A machine whose start had not come to an end has overlays that the row did not know of yet.
  await putRun(home.db, id, { state: 'RUNNING', wanted: 'RUNNING' })
}

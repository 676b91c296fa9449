import { RametError } from '@ramet/model/errors/error.ts'
import { isOff } from '@ramet/model/run/run-state.ts'
import type { Db } from '../../store/database.ts'
import { announcedOverlays, announceOverlays, type DriveOverlay, driveChanged, drivesWithOverlay } from '../../store/drives.ts'
import { readRun } from '../../store/runs.ts'
import type { LayerTools } from './layer-tools.ts'
import { makeLayers, type Within } from './make-layers.ts'

/**
 * Makes layers of the overlays of a run that is off, all drives at once or none, and does `within` in the same transaction (say, inserts the rows of a clone). Afterwards no
 * drive of the run has an overlay. A drive without one is not sealed again, and an overlay that nothing was written to is dropped. Nothing is copied: the time is that of
 * a few fsyncs. Repeating it is harmless. Throws `run_not_off`, `no_space`.
 */
export async function sealDrives<T = void>(tools: LayerTools, runId: string, within?: Within<T>): Promise<T | undefined> {
  return tools.locks.hold(runId, async () => {
    const { last_state_at: since } = await mustBeOff(tools.db, runId)
    await settle(tools, runId)
    const { written, untouched } = await overlaysByUse(tools, runId)
    return makeLayers(tools, runId, { sealed: written, dropped: untouched }, async (trx) => {
      // Somebody who starts the run writes that down before any machine is: it is off as it was, or nothing is sealed.
      const now = await mustBeOff(trx, runId)
      if (now.last_state_at !== since) throw runNotOff(runId, now.state)
      return within?.(trx)
    })
  })
}

/**
 * The same for a run whose machines that are on are paused, have flushed their drives, and will never go on. `within` must write down that they will not, in the
 * same transaction. Throws `drive_changed` when a cut of before is not settled.
 */
export async function sealPaused<T>(tools: LayerTools, runId: string, within: Within<T>): Promise<T> {
  return tools.locks.hold(runId, async () => {
    const [unsettled] = await announcedOverlays(tools.db, runId)
    if (unsettled) throw driveChanged(runId, unsettled.machine, unsettled.driveIndex)
    const { written, untouched } = await overlaysByUse(tools, runId)
    return makeLayers(tools, runId, { sealed: written, dropped: untouched }, within)
  })
}

/**
 * The same for drives whose machines run: QEMU has the given overlays open below others and writes to them no more (`nextOverlay`, announced before by `announceOverlays`).
 * In one transaction the layers are sealed, the drives stand on them, the next overlays are their overlays, and `within` is done.
 */
export async function sealOverlays<T = void>(
  tools: LayerTools,
  runId: string,
  overlays: readonly DriveOverlay[],
  within?: Within<T>,
): Promise<T | undefined> {
  return tools.locks.hold(runId, () => makeLayers(tools, runId, { sealed: overlays, dropped: [] }, async (trx) => within?.(trx)))
}

/**
 * Waits until nobody seals the drives of a run whose machines are off, and finishes what a VM that is gone had begun: if its next overlay was made, QEMU may have left the
 * one below for it, which is sealed. (If it was not, the next one is empty, and the drive reads the same.) To be called before anything opens the drives.
 */
export async function settleOverlays(tools: LayerTools, runId: string): Promise<void> {
  await tools.locks.hold(runId, () => settle(tools, runId))
}

async function settle(tools: LayerTools, runId: string): Promise<void> {
  const { db, storage } = tools
  const announced = await announcedOverlays(db, runId)
  if (announced.length === 0) return
  const isMade = await Promise.all(announced.map(({ nextOverlay }) => storage.hasOverlay({ runId, overlay: nextOverlay })))
  const notMade = announced.filter((_, index) => !isMade[index])
  await announceOverlays(
    db,
    runId,
    notMade.map((overlay) => ({ ...overlay, nextOverlay: null })),
  )
  const made = announced.filter((_, index) => isMade[index])
  if (made.length > 0) await makeLayers(tools, runId, { sealed: made, dropped: [] }, async () => {})
}

/** The run's overlays that were written to, and those that read as what they stand on. */
async function overlaysByUse({ db, storage }: LayerTools, runId: string) {
  const overlays = await drivesWithOverlay(db, runId)
  const isUntouched = await Promise.all(overlays.map(({ overlay }) => storage.isUntouched({ runId, overlay })))
  return {
    written: overlays.filter((_, index) => !isUntouched[index]),
    untouched: overlays.filter((_, index) => isUntouched[index]),
  }
}

async function mustBeOff(db: Db, runId: string) {
  const run = await readRun(db, runId)
  if (!isOff(run.state)) throw runNotOff(runId, run.state)
  return run
}

const runNotOff = (runId: string, state: string) =>
  new RametError('run_not_off', 409, `The drives of the run ${runId} may be written to: it is ${state}.`, {
    hint: `Stop it first: ramet playground stop ${runId}`,
  })

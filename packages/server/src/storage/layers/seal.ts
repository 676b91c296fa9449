import { RametError } from '@ramet/model/errors/error.ts'
import { isOff } from '@ramet/model/run/run-state.ts'
import type { Db } from '../../store/database.ts'
import { announcedOverlays, announceOverlays, type DriveOverlay, driveChanged, drivesWithOverlay } from '../../store/drives.ts'
import { readRun } from '../../store/runs.ts'
import type { LayerTools } from './layer-tools.ts'
import { makeLayers, type Within } from './make-layers.ts'

/**
 * Seals the overlays of a run that is off as layers, all drives or none, and runs `within` in the same transaction (say, inserts the rows of a clone). Afterwards no
 * drive of the run has an overlay. A drive without one is not sealed again, and an unmodified overlay is dropped. Nothing is copied: it takes the time of
 * a few fsyncs. Idempotent. Throws `run_not_off`, `no_space`.
 */
export async function sealDrives<T = void>(tools: LayerTools, runId: string, within?: Within<T>): Promise<T | undefined> {
  return tools.locks.hold(runId, async () => {
    const { last_state_at: since } = await mustBeOff(tools.db, runId)
    await settle(tools, runId)
    const { written, untouched } = await overlaysByUse(tools, runId)
    return makeLayers(tools, runId, { sealed: written, dropped: untouched }, async (trx) => {
      // A start writes the run's state before any machine runs: either the run is still off, or nothing is sealed.
      const now = await mustBeOff(trx, runId)
      if (now.last_state_at !== since) throw runNotOff(runId, now.state)
      return within?.(trx)
    })
  })
}

/**
 * Seals the overlays of a run whose running machines are paused, have flushed their drives, and will never go on. `within` must record that they will not, in the
 * same transaction. Throws `drive_changed` when an earlier cut is not settled.
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
 * Seals drives of running machines: QEMU has the given overlays open below newer ones and no longer writes to them (`nextOverlay`, announced by `announceOverlays`).
 * One transaction seals the layers, puts the drives on them with the next overlays, and runs `within`, which may make others stand on them. Throws
 * `drive_still_written` when a machine kept a way to write to them.
 */
export async function sealOverlays<T = void>(
  tools: LayerTools,
  runId: string,
  overlays: readonly DriveOverlay[],
  within?: Within<T>,
): Promise<T | undefined> {
  const isForOthers = within !== undefined
  return tools.locks.hold(runId, () =>
    makeLayers(tools, runId, { sealed: overlays, dropped: [], isForOthers }, async (trx) => within?.(trx)),
  )
}

/**
 * Waits for other work on the drives of a run whose machines are off, and finishes an interrupted cut of a VM that is gone: if its next overlay was made, QEMU may have stopped writing to the
 * one below, which is therefore sealed. (If QEMU had not, the next one is empty, and the drive reads the same.) Call it before anything opens the drives.
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

/** Splits the run's overlays into modified and unmodified ones. */
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

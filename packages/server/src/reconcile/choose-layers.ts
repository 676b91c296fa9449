import type { Step } from '@ramet/engine'
import type { Progress } from '@ramet/model/api/wire.ts'
import type { ImageService } from '../images/image-service.ts'
import { plannedDrives } from '../runs/drive-rows.ts'
import { type Db, transaction } from '../store/database.ts'
import { insertDrive, listDrives } from '../store/drives.ts'
import { readRun } from '../store/runs.ts'
import type { OwnContext } from './active-run.ts'

/**
 * First step of every start: the images are there (built now if need be), and each drive of a new run stands on its layer.
 * Done once in a run's life, in one transaction. Clones, and drives that a saved playground has, have their rows from the beginning, and need no image.
 */
export function chooseLayers(
  db: Db,
  images: ImageService,
  runId: string,
  report: (progress: Progress) => void,
): Step<OwnContext> {
  const plan = async () => (await readRun(db, runId)).plan
  return {
    name: 'choose-layers',
    message: 'Waiting for the images',
    async done() {
      // The pack may have been removed while the run was stopped.
      if (!images.hasKernelPack()) return false
      const wanted = (await plan()).machines.reduce((count, machine) => count + machine.drives.length, 0)
      return (await listDrives(db, runId)).length === wanted
    },
    async do({ signal }) {
      const { machines } = await plan()
      await images.requireKernelPack(report, signal)
      const missing = async (trx: Db) => {
        const rows = await listDrives(trx, runId)
        return plannedDrives(machines).filter(
          ({ machine, index }) => !rows.some((row) => row.machine === machine && row.drive_index === index),
        )
      }
      const layerOf = new Map<string, string>()
      for (const source of new Set((await missing(db)).flatMap(({ drive }) => drive.source ?? []))) {
        layerOf.set(source, await images.requireLayer(source, report, signal))
      }
      await transaction(db, async (trx) => {
        for (const { machine, index, drive } of await missing(trx)) {
          const layerId = drive.source === undefined ? null : (layerOf.get(drive.source) ?? null)
          await insertDrive(trx, runId, machine, index, drive, layerId)
        }
      })
    },
  }
}

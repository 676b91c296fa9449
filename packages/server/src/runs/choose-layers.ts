import type { RunContext } from '@ramet/engine/run/run-context.ts'
import type { RunPlan } from '@ramet/engine/run/run-plan.ts'
import type { Step } from '@ramet/engine/run/steps.ts'
import type { Progress } from '@ramet/model/wire.ts'
import type { Kysely } from 'kysely'
import type { ImageService } from '../images/image-service.ts'
import type { Database } from '../store/schema.ts'
import { readRun } from './run-rows.ts'

/**
 * First step of every start: the images are there (built now if need be), and each drive of a new run stands on its layer.
 * Done once in a run's life, in one transaction; a saved playground's runs have their rows from the beginning.
 */
export function chooseLayers(
  db: Kysely<Database>,
  images: ImageService,
  runId: string,
  report: (progress: Progress) => void,
): Step<RunContext> {
  const plan = async () => JSON.parse((await readRun(db, runId)).plan) as RunPlan
  return {
    name: 'choose-layers',
    message: 'Waiting for the images',
    async done({ host }) {
      // The pack may have been removed while the run was stopped.
      if (!images.hasKernelPack()) return false
      void host
      const wanted = (await plan()).machines.reduce((count, machine) => count + machine.drives.length, 0)
      const rows = await db.selectFrom('drives').select('drive_index').where('run_id', '=', runId).execute()
      return rows.length === wanted
    },
    async do({ signal }) {
      const { machines } = await plan()
      await images.requireKernelPack(report, signal)
      const layerOf = new Map<string, string>()
      for (const source of new Set(machines.flatMap((machine) => machine.drives.flatMap((drive) => drive.source ?? [])))) {
        layerOf.set(source, await images.requireLayer(source, report, signal))
      }
      await db.transaction().execute(async (trx) => {
        const rows = await trx.selectFrom('drives').select('drive_index').where('run_id', '=', runId).execute()
        if (rows.length > 0) return
        for (const machine of machines) {
          for (const [index, drive] of machine.drives.entries()) {
            const layerId = drive.source === undefined ? null : (layerOf.get(drive.source) ?? null)
            await trx
              .insertInto('drives')
              .values({
                run_id: runId,
                machine: machine.name,
                drive_index: index,
                layer_id: layerId,
                top: null,
                size_bytes: drive.sizeBytes,
              })
              .execute()
          }
        }
      })
    },
  }
}

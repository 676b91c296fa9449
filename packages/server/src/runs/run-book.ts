import { join } from 'node:path'
import type { LayerFile } from '@ramet/engine/disk/disk.ts'
import type { DriveRecord, RunBook, RunRecord } from '@ramet/engine/run/host.ts'
import type { RunPlan } from '@ramet/engine/run/run-plan.ts'
import type { Kysely } from 'kysely'
import { transaction } from '../store/database.ts'
import { layerChain } from '../store/layers.ts'
import type { Database } from '../store/schema.ts'
import { readRun } from './run-rows.ts'

/** What a run's steps remember, kept in the store. */
export function runBook(db: Kysely<Database>, home: string, runId: string): RunBook {
  return {
    async read(): Promise<RunRecord> {
      const row = await readRun(db, runId)
      const rows = await db.selectFrom('drives').selectAll().where('run_id', '=', runId).execute()
      const drives: DriveRecord[] = []
      for (const drive of rows) {
        drives.push({
          machine: drive.machine,
          index: drive.drive_index,
          layers: drive.layer_id === null ? [] : await layerFiles(db, home, drive.layer_id),
          top: drive.top ?? undefined,
          sizeBytes: drive.size_bytes,
        })
      }
      const machines = await db
        .selectFrom('run_machines')
        .select(['name', 'left_boot'])
        .where('run_id', '=', runId)
        .orderBy('machine_index')
        .execute()
      return {
        machines: machines.map(({ name, left_boot }) => ({ name, leftBoot: left_boot ?? undefined })),
        id: row.id,
        shortId: row.short_id,
        plan: JSON.parse(row.plan) as RunPlan,
        lease: row.lease ?? undefined,
        drives,
      }
    },
    async saveLease(lease) {
      await db
        .updateTable('runs')
        .set({ lease: lease ?? null })
        .where('id', '=', runId)
        .execute()
    },
    async saveTop(machine, driveIndex, top) {
      await db
        .updateTable('drives')
        .set({ top })
        .where('run_id', '=', runId)
        .where('machine', '=', machine)
        .where('drive_index', '=', driveIndex)
        .execute()
    },
    async saveLeftBoot(machine, boot) {
      await db
        .updateTable('run_machines')
        .set({ left_boot: boot })
        .where('run_id', '=', runId)
        .where('name', '=', machine)
        .execute()
    },
    async forgetDrives() {
      await transaction(db, async (trx) => {
        await trx.deleteFrom('drives').where('run_id', '=', runId).execute()
        await trx.updateTable('runs').set({ resume_from: null, maps_snapshot: null }).where('id', '=', runId).execute()
      })
    },
  }
}

/** Topmost first, as the VMM wants them. */
async function layerFiles(db: Kysely<Database>, home: string, layerId: string): Promise<LayerFile[]> {
  const rootFirst = await layerChain(db, layerId)
  return rootFirst
    .toReversed()
    .map((layer) => ({ file: join(home, layer.file), format: 'qcow2' as const, sizeBytes: layer.size_bytes }))
}

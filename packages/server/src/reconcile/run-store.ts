import type { DriveRecord, LayerRecord, RunRecord } from '@ramet/engine/run/run-record.ts'
import type { RunStore } from '@ramet/engine/run/run-store.ts'
import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import { readRun } from '../runs/run-rows.ts'
import type { LayerTools } from '../storage/layers/layer-tools.ts'
import { sealPaused } from '../storage/layers/seal.ts'
import { resumeReason, snapshotRecord, toNewSnapshot } from '../storage/snapshots/snapshot-record.ts'
import { swapRam } from '../storage/snapshots/swap-ram.ts'
import { type Db, transaction } from '../store/database.ts'
import { layerChain } from '../store/layers.ts'
import { consumeSnapshot, insertSnapshot } from '../store/snapshots.ts'

/** What a run's steps remember, kept in the store. */
export function runStore(tools: LayerTools, runId: string): RunStore {
  const { db } = tools
  const setOverlay = (machine: string, driveIndex: number, overlay: string | null) =>
    db
      .updateTable('drives')
      .set({ overlay })
      .where('run_id', '=', runId)
      .where('machine', '=', machine)
      .where('drive_index', '=', driveIndex)
      .execute()
  return {
    async read(): Promise<RunRecord> {
      const row = await readRun(db, runId)
      const rows = await db.selectFrom('drives').selectAll().where('run_id', '=', runId).execute()
      const drives: DriveRecord[] = []
      for (const drive of rows) {
        drives.push({
          machine: drive.machine,
          index: drive.drive_index,
          layers: drive.layer_id === null ? [] : await layersBelow(db, drive.layer_id),
          overlay: drive.overlay ?? undefined,
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
        resume: row.resume_from === null ? undefined : await snapshotRecord(db, row.resume_from),
        waking: row.asleep === 1 ? (row.epoch ?? undefined) : undefined,
        isBorrowed: row.is_borrowed === 1,
        isBackground: row.purpose !== 'user',
      }
    },
    async saveSnapshot(taken) {
      const on = taken.machines.map(({ name }) => name)
      await sealPaused(tools, runId, async (trx) => {
        const { purpose } = await readRun(trx, runId)
        const kind = purpose === 'user' ? 'stop' : 'warm'
        await insertSnapshot(trx, { ...toNewSnapshot(runId, kind, taken), isDurable: false })
        await trx.updateTable('runs').set({ resume_from: taken.id, cold_reason: null }).where('id', '=', runId).execute()
        const machines = () => trx.updateTable('run_machines').where('run_id', '=', runId)
        await machines().set({ wanted: 'RUNNING', left_boot: null }).where('name', 'in', on).execute()
        await machines().set({ wanted: 'STOPPED', left_boot: null }).where('name', 'not in', on).execute()
      })
      tools.snapshotTaken?.(taken.id)
    },
    async consumeSnapshot(snapshot, epoch) {
      await transaction(db, async (trx) => {
        await consumeSnapshot(trx, runId, snapshot.id)
        const { is_borrowed } = await readRun(trx, runId)
        const reason = await resumeReason(trx, runId, snapshot.id)
        await trx
          .updateTable('runs')
          .set({ asleep: 1, epoch, start_kind: is_borrowed === 1 ? 'warm' : 'resumed', start_reason: reason })
          .where('id', '=', runId)
          .execute()
      })
    },
    async saveUnpacked(snapshot, machine, to) {
      const from = snapshot.machines.find(({ name }) => name === machine)?.memory.ramFile
      if (from === undefined) throw new Error(`the snapshot ${snapshot.id} has no machine ${machine}`)
      await swapRam(tools, { snapshotId: snapshot.id, machine, from, to })
    },
    async bootNext(reason) {
      await db
        .updateTable('runs')
        .set({ resume_from: null, asleep: 0, power_off: 1, cold_reason: reason })
        .where('id', '=', runId)
        .execute()
    },
    async saveIdentity() {
      await db.updateTable('runs').set({ is_borrowed: 0 }).where('id', '=', runId).execute()
    },
    async forgetOverlay(machine, driveIndex) {
      await setOverlay(machine, driveIndex, null)
    },
    async saveLease(lease) {
      await db.updateTable('runs').set({ lease }).where('id', '=', runId).execute()
    },
    async saveOverlay(machine, driveIndex, overlay) {
      await setOverlay(machine, driveIndex, overlay)
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
async function layersBelow(db: Db, layerId: string): Promise<LayerRecord[]> {
  const rootFirst = await layerChain(db, layerId)
  return rootFirst.toReversed().map((layer) => ({ file: layer.file, sizeBytes: layer.size_bytes }))
}

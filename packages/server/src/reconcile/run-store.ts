import type { DriveRecord, LayerRecord, RunRecord, RunStore } from '@ramet/engine'
import { isMachineOn } from '@ramet/model/run/run-state.ts'
import { saveLeftBoot } from '../runs/machine.ts'
import { bootNext, consumeMemory, dropMemory, keepMemory, noteIdentity, saveLease } from '../runs/run.ts'
import type { LayerTools } from '../storage/layers/layer-tools.ts'
import { sealPaused } from '../storage/layers/seal.ts'
import { resumeReason, snapshotRecord, toNewSnapshot } from '../storage/snapshots/snapshot-record.ts'
import { swapRam } from '../storage/snapshots/swap-ram.ts'
import { type Db, transaction } from '../store/database.ts'
import { deleteDrives, listDrives, setOverlay, setSetUp } from '../store/drives.ts'
import { layerChain } from '../store/layers.ts'
import { listMachines } from '../store/run-machines.ts'
import { snapshotOf } from '../store/run-memory.ts'
import { readRun } from '../store/runs.ts'
import type { DriveRow } from '../store/schema.ts'
import { insertSnapshot } from '../store/snapshots.ts'

/** Step names for crash tests: its row allows a machine's first boot, the guest has reported its end, its row knows. */
const firstBootStep = { allow: 'first-boot/allow', report: 'first-boot/report', note: 'first-boot/note' } as const
export const firstBootSteps: readonly string[] = Object.values(firstBootStep)

/** Implements RunStore over the store: steps of a run persist its state by it. */
export function runStore(tools: LayerTools, runId: string): RunStore {
  const { db } = tools
  return {
    async read(): Promise<RunRecord> {
      // Steps read the record often, so what does not depend on each other is asked at once.
      const [row, drives, machines] = await Promise.all([
        readRun(db, runId),
        listDrives(db, runId).then((rows) => Promise.all(rows.map((drive) => driveRecord(db, drive)))),
        listMachines(db, runId),
      ])
      const { memory } = row
      const kept = snapshotOf(memory)
      return {
        machines: machines.map(({ name, state, left_boot }) => ({
          name,
          isOn: isMachineOn(state),
          leftBoot: left_boot ?? undefined,
        })),
        id: row.id,
        shortId: row.short_id,
        plan: row.plan,
        lease: row.lease ?? undefined,
        drives,
        resume: kept === undefined ? undefined : await snapshotRecord(db, kept),
        waking: memory.kind === 'resuming' ? memory.epoch : undefined,
        isBorrowed: memory.kind === 'borrowed-drives' || ('isBorrowed' in memory && memory.isBorrowed),
        isBackground: row.purpose !== 'user',
      }
    },
    async saveSnapshot(taken) {
      const on = [...taken.machines.map(({ name }) => name), ...taken.silent]
      await sealPaused(tools, runId, async (trx) => {
        const { purpose } = await readRun(trx, runId)
        const kind = purpose === 'user' ? 'stop' : 'warm'
        await insertSnapshot(trx, { ...toNewSnapshot(runId, kind, taken), isDurable: false })
        await keepMemory(trx, runId, taken.id, on)
      })
      tools.snapshotTaken?.(taken.id)
    },
    async consumeSnapshot(snapshot, epoch) {
      await transaction(db, async (trx) => {
        await consumeMemory(trx, runId, snapshot.id, epoch, await resumeReason(trx, runId, snapshot.id))
      })
    },
    async saveUnpacked(snapshot, machine, to) {
      const from = snapshot.machines.find(({ name }) => name === machine)?.memory.ramFile
      if (from === undefined) throw new Error(`the snapshot ${snapshot.id} has no machine ${machine}`)
      await swapRam(tools, { snapshotId: snapshot.id, machine, from, to })
    },
    bootNext: (reason) => bootNext(db, runId, reason),
    saveIdentity: () => noteIdentity(db, runId),
    forgetOverlay: (machine, driveIndex) => setOverlay(db, runId, machine, driveIndex, null),
    saveLease: (lease) => saveLease(db, runId, lease),
    saveOverlay: (machine, driveIndex, overlay) => setOverlay(db, runId, machine, driveIndex, overlay),
    async saveSetUp(machine, setUp) {
      if (setUp === 'done') tools.afterStep?.(firstBootStep.report)
      await setSetUp(db, runId, machine, setUp)
      tools.afterStep?.(setUp === 'begun' ? firstBootStep.allow : firstBootStep.note)
    },
    saveLeftBoot: (machine, boot) => saveLeftBoot(db, runId, machine, boot),
    async forgetDrives() {
      await transaction(db, async (trx) => {
        await deleteDrives(trx, runId)
        await dropMemory(trx, runId)
      })
    },
  }
}

const driveRecord = async (db: Db, drive: DriveRow): Promise<DriveRecord> => ({
  machine: drive.machine,
  index: drive.drive_index,
  layers: drive.layer_id === null ? [] : await layersBelow(db, drive.layer_id),
  overlay: drive.overlay ?? undefined,
  sizeBytes: drive.size_bytes,
  setUp: drive.set_up,
  grownBytes: drive.grown_bytes,
})

/** Layers, topmost first, as the Vmm needs them. */
async function layersBelow(db: Db, layerId: string): Promise<LayerRecord[]> {
  const rootFirst = await layerChain(db, layerId)
  return rootFirst.toReversed().map((layer) => ({ file: layer.file, sizeBytes: layer.size_bytes }))
}

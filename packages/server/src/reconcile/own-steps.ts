import type { Step, Workflow } from '@ramet/engine'
import { stepNamesOf } from '@ramet/engine'
import type { Progress } from '@ramet/model/api/wire.ts'
import { imageOf } from '@ramet/model/plan/run-plan.ts'
import { isTransient, plannedDrives } from '../runs/drive-rows.ts'
import { dropMemory, noteColdStart, noteUnmapped } from '../runs/run.ts'
import { settleOverlays } from '../storage/layers/seal.ts'
import { type Db, transaction } from '../store/database.ts'
import { announcedOverlays, deleteDrive, deleteDrives, insertDrive, listDrives } from '../store/drives.ts'
import { mappedBy } from '../store/run-memory.ts'
import { readRun } from '../store/runs.ts'
import { endRunningTasks, listTasks, resetTasks, restTasks } from '../store/tasks.ts'
import type { RunAtWork } from './run-at-work.ts'

/** Steps that the server performs around those of the host, on rows. They are named and idempotent like the host's. */

/**
 * Builds missing images and writes a row with its layer for each drive of a new run. Done once in a run's life, in one transaction. Clones, and drives that a
 * saved playground has, have rows from the beginning and need no image.
 */
const chooseLayers: Step<RunAtWork> = {
  name: 'choose-layers',
  message: 'Waiting for the images',
  async done({ id, tools: { db, images } }) {
    // The pack may have been removed while the run was stopped.
    return images.hasKernelPack() && (await missingDrives(db, id)).length === 0
  },
  async do({ id, tools: { db, images }, signal, report: tell, giveSlotBack }) {
    // What is not here yet may take minutes to come.
    const report = (progress: Progress) => {
      giveSlotBack()
      tell(progress)
    }
    await images.requireKernelPack(report, signal)
    const layerOf = new Map<string, string>()
    const missing = await missingDrives(db, id)
    const { playground_id } = await readRun(db, id)
    for (const source of new Set(missing.flatMap(({ drive }) => imageOf(drive) ?? []))) {
      const uses = missing.filter(({ drive }) => imageOf(drive) === source)
      layerOf.set(source, await images.requireLayer(source, report, signal, uses, playground_id))
    }
    await transaction(db, async (trx) => {
      for (const { machine, index, drive } of await missingDrives(trx, id)) {
        const layerId = layerOf.get(imageOf(drive) ?? '') ?? null
        // What begins empty is made in its full size (`disk/formatted-disk.ts`): there is nothing to grow, so its machine need not ask for leave at its boot.
        const past = layerId === null ? { set_up: 'due' as const, grown_bytes: drive.sizeBytes } : undefined
        await insertDrive(trx, id, machine, index, drive, layerId, past)
      }
    })
  },
}

/** Drives of the plan without a row. */
async function missingDrives(db: Db, id: string) {
  const { plan } = await readRun(db, id)
  const rows = await listDrives(db, id)
  return plannedDrives(plan.machines).filter(
    ({ machine, index }) => !rows.some((row) => row.machine === machine && row.drive_index === index),
  )
}

/** Waits for other work on the drives, and finishes an interrupted cut of a VM that is gone. */
const settleDrives: Step<RunAtWork> = {
  name: 'settle',
  message: 'Settling the drives’ overlays',
  async done({ id, tools }) {
    await tools.takeDrives(id)
    await tools.layers.locks.free(id)
    return (await announcedOverlays(tools.db, id)).length === 0
  },
  do: ({ id, tools: { layers } }) => settleOverlays(layers, id),
}

const coldStart: Step<RunAtWork> = {
  name: 'note-cold-start',
  message: 'Noting a cold start',
  done: async () => false,
  do: ({ id, tools: { db } }) => noteColdStart(db, id),
}

/** Collects snapshots and layers that became unused. */
const collect: Step<RunAtWork> = {
  name: 'collect',
  message: 'Removing layers and snapshots that nothing holds',
  done: async () => false,
  do: ({ tools }) => tools.collect(),
}

/**
 * Drops drives that a new run borrowed, when it cannot resume their memory. A boot from them would have the throwaway run's identity. They contain no work of the owner, so
 * the run begins from its images. Leftover files of a crash are reclaimed.
 */
const returnBorrowed: Step<RunAtWork> = {
  name: 'begin-anew',
  message: 'Returning the borrowed drives',
  async done({ id, tools: { db } }) {
    return (await readRun(db, id)).memory.kind !== 'borrowed-drives'
  },
  async do({ id, tools: { db, host } }) {
    const overlays = await transaction(db, async (trx) => {
      const drives = await listDrives(trx, id)
      await deleteDrives(trx, id)
      await resetTasks(trx, id)
      await dropMemory(trx, id)
      return drives.flatMap(({ overlay }) => overlay ?? [])
    })
    await host.storage.removeOverlays(overlays.map((overlay) => ({ runId: id, overlay })))
  },
}

/** Ends tasks that ran in the guests: the guests' memory is gone. */
const endTasks: Step<RunAtWork> = {
  name: 'end-tasks',
  message: 'Noting tasks that ended with their machines',
  done: async () => false,
  async do({ id, tools: { db } }) {
    const names = (await listTasks(db, id)).map(({ name }) => name)
    await endRunningTasks(db, id, names, 'Its machine was switched off before it ended.')
  },
}

/** Init tasks go on with the guests' memory. */
const restRepeated: Step<RunAtWork> = {
  name: 'end-tasks',
  message: 'Noting tasks that pause with their machines',
  async done({ id, tools: { db } }) {
    return ((await readRun(db, id)).plan.tasks ?? []).every(({ kind }) => kind === undefined)
  },
  do: ({ id, tools: { db } }) => restTasks(db, id),
}

/** Drives that keep nothing end with their guests. The next start chooses their layers as the first one did. Leftover files of a crash are reclaimed. */
const endDrives: Step<RunAtWork> = {
  name: 'end-drives',
  message: 'Dropping the drives that keep nothing',
  done: async ({ id, tools: { db } }) => (await transientDrives(db, id)).length === 0,
  async do({ id, tools }) {
    const { db, host } = tools
    const dropped = await transaction(db, async (trx) => {
      const drives = await transientDrives(trx, id)
      for (const drive of drives) await deleteDrive(trx, drive)
      return drives
    })
    const overlays = dropped.flatMap(({ overlay }) => (overlay === null ? [] : [{ runId: id, overlay }]))
    await host.storage.removeOverlays(overlays)
    await tools.collect()
  },
}

async function transientDrives(db: Db, id: string) {
  const { plan } = await readRun(db, id)
  if (plan.machines.every(({ drives }) => drives.every(({ persistent }) => persistent === undefined))) return []
  return (await listDrives(db, id)).filter(({ machine, drive_index }) => isTransient(plan.machines, machine, drive_index))
}

const unmap: Step<RunAtWork> = {
  name: 'unmap-memory',
  message: 'Releasing the mapped snapshot',
  async done({ id, tools: { db } }) {
    return mappedBy((await readRun(db, id)).memory) === null
  },
  async do(run) {
    await noteUnmapped(run.tools.db, run.id)
    await run.tools.collect()
  },
}

/** Own steps in the parts in which they precede the host's steps of the same name. Machines become STARTING with the last part. */
export const ownSteps = {
  returnBorrowed: { name: 'borrowed', steps: [returnBorrowed] },
  chooseLayers: { name: 'start', steps: [chooseLayers] },
  settleDrives: { name: 'drives', steps: [settleDrives] },
  coldStart: { name: 'start', steps: [coldStart, collect] },
  endedGuests: { name: 'went-off', steps: [endTasks, endDrives, unmap] },
  keptGuests: { name: 'went-off', steps: [restRepeated, unmap] },
  destroyed: { name: 'destroy', steps: [collect] },
} as const satisfies Record<string, Workflow<RunAtWork>>

export const ownStepNames: readonly string[] = [...new Set(Object.values(ownSteps).flatMap((workflow) => stepNamesOf(workflow)))]

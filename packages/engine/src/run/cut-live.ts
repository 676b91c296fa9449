import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { actionRefused } from '@ramet/model/errors/errors.ts'
import type { NextOverlay } from '../host/perform.ts'
import { type KeptMemory, keepMemory } from '../snapshot/keep.ts'
import type { SnapshotStamp } from '../snapshot/stamp.ts'
import { syncAll, whoAnswers } from './answering.ts'
import type { HostParts } from './host-parts.ts'
import { indexOf, mustBeWhole, stampOf } from './keep-memory.ts'
import type { LiveRun } from './live-run.ts'
import { newOverlayName, overlaysFolder } from './run-folder.ts'
import type { RunRecord } from './run-record.ts'

export interface LiveCut {
  readonly host: HostParts
  readonly run: RunRecord
  readonly live: LiveRun
  /** The caller has recorded them beforehand. */
  readonly overlays: readonly NextOverlay[]
  readonly signal: AbortSignal
  afterStep(step: string): void | Promise<void>
}

export interface Cut extends KeptMemory {
  readonly stamp: SnapshotStamp
  readonly at: string
  readonly silent: readonly string[]
}

/** In this order. */
export const liveCutSteps: readonly string[] = [
  'sync-guests',
  'make-overlays',
  ...['prepare', 'copy-memory', 'pause', 'cut-drives', 'save-devices', 'go-on', 'publish'].map((phase) => `cut-${phase}`),
].map((step) => `live-clone/${step}`)

const syncWithinMs = 60_000

/**
 * Cuts a run whose machines go on: it syncs the guests' filesystems, then captures the memory and gives every drive a new overlay at one instant. The old overlays are never written
 * to again. Of machines that do not answer the drives are captured and the memory is not. Whatever fails, the machines go on; some drives may then have their new overlays (`settleLive`).
 */
export async function cutLive({ host, run, live, overlays, signal, afterStep }: LiveCut, snapshotId: string): Promise<Cut> {
  const machines = live.all()
  if (machines.length === 0) throw actionRefused('clone', 'RUNNING', 'All its machines are off.')
  mustBeWhole(run, machines)
  const stamp = await stampOf(host, run, machines)
  // A clone that boots finds everything that was written before the request.
  const answers = await syncAll(await whoAnswers(machines, signal), syncWithinMs)
  const silent = answers.silent.map(({ name }) => name)
  await afterStep('live-clone/sync-guests')
  const folder = overlaysFolder(host.home, run.id)
  await Promise.all(
    overlays.map(({ machine, driveIndex, overlay, nextOverlay }) => {
      const drive = run.drives.find((each) => each.machine === machine && each.index === driveIndex)
      if (!drive) throw new Error(`${machine} has no drive ${driveIndex}`)
      const below = { file: join(folder, overlay), format: 'qcow2', sizeBytes: drive.sizeBytes } as const
      return host.disks.makeOverlay(join(folder, nextOverlay), below, drive.sizeBytes)
    }),
  )
  await afterStep('live-clone/make-overlays')
  const at = new Date().toISOString()
  const kept = await keepMemory(
    host.home,
    snapshotId,
    machines.map(({ name, vm }) => ({
      name,
      vm,
      index: indexOf(run, name),
      overlays: overlays
        .filter(({ machine }) => machine === name)
        .map(({ driveIndex, nextOverlay }) => ({ driveIndex, file: join(folder, nextOverlay) })),
    })),
    { without: silent, afterwards: 'go-on', signal, afterPhase: (phase) => afterStep(`live-clone/cut-${phase}`) },
  )
  return { ...kept, stamp, at, silent }
}

/** Chooses names for the overlays that drives of these machines get at a cut. */
export function nextOverlays({ drives }: Pick<RunRecord, 'drives'>, machines: readonly string[]): NextOverlay[] {
  const on = new Set(machines)
  return drives.flatMap(({ machine, index, overlay }) =>
    overlay === undefined || !on.has(machine)
      ? []
      : [{ machine, driveIndex: index, overlay, nextOverlay: newOverlayName(machine, index) }],
  )
}

/**
 * After an interrupted cut: returns which of the announced overlays the machines write to, and removes the files of the others. Drives of machines that are off are left
 * to `settleOverlays`.
 */
export async function settleLive(
  home: string,
  runId: string,
  live: LiveRun,
  announced: readonly NextOverlay[],
): Promise<{ readonly taken: NextOverlay[]; readonly notTaken: NextOverlay[] }> {
  const taken: NextOverlay[] = []
  const notTaken: NextOverlay[] = []
  for (const each of announced) {
    const vm = live.get(each.machine)?.vm
    if (!vm) continue
    const file = join(overlaysFolder(home, runId), each.nextOverlay)
    if ((await vm.overlayFiles())[each.driveIndex] === file) taken.push(each)
    else {
      notTaken.push(each)
      await rm(file, { force: true })
    }
  }
  return { taken, notTaken }
}

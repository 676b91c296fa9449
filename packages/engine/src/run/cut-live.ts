import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { actionRefused } from '@ramet/model/errors/errors.ts'
import { syncGuest } from '../guest/agent/sync-guest.ts'
import { type KeptMemory, keepMemory } from '../snapshot/keep.ts'
import type { SnapshotStamp } from '../snapshot/stamp.ts'
import type { Host, RunRecord } from './host.ts'
import { indexOf, mustAnswer, stampOf } from './keep-memory.ts'
import type { LiveMachine, LiveRun } from './live-run.ts'
import { newTopName, topsFolder } from './run-folder.ts'

/** What a drive of a machine that is on is written to now, and from the cut on. */
export interface NextTop {
  readonly machine: string
  readonly driveIndex: number
  readonly top: string
  readonly nextTop: string
}

export interface LiveCut {
  readonly host: Host
  readonly run: RunRecord
  readonly live: LiveRun
  readonly signal: AbortSignal
  /** Told before any file is made; resolves once that is written down for good. */
  announce(tops: readonly NextTop[]): Promise<void>
  afterStep(step: string): void
}

export interface Cut extends KeptMemory {
  readonly stamp: SnapshotStamp
  readonly at: string
  readonly tops: readonly NextTop[]
}

const syncWithinMs = 60_000

/**
 * Cuts a run whose machines go on: guests' filesystems are synced, memory is taken, and every drive gets a new top at the same instant; the old ones are never written
 * to again. Whatever fails, the machines run on; some drives may have their new tops then (`settleLive`).
 */
export async function cutLive({ host, run, live, signal, announce, afterStep }: LiveCut, snapshotId: string): Promise<Cut> {
  const machines = live.all()
  if (machines.length === 0) throw actionRefused('clone', 'RUNNING', 'All its machines are off.')
  await mustAnswer(machines, signal)
  const stamp = await stampOf(host, run, machines)
  // A cold boot of the clone shall find everything that was written before it was asked for.
  await Promise.all(machines.map(({ link }) => syncGuest(link, syncWithinMs)))
  afterStep('live-clone/sync-guests')
  const tops = nextTops(run, machines)
  await announce(tops)
  const folder = topsFolder(host.home, run.id)
  await Promise.all(
    tops.map(({ machine, driveIndex, top, nextTop }) => {
      const drive = run.drives.find((each) => each.machine === machine && each.index === driveIndex)
      if (!drive) throw new Error(`${machine} has no drive ${driveIndex}`)
      const below = { file: join(folder, top), format: 'qcow2', sizeBytes: drive.sizeBytes } as const
      return host.disks.makeTop(join(folder, nextTop), below, drive.sizeBytes)
    }),
  )
  afterStep('live-clone/make-tops')
  const at = new Date().toISOString()
  const kept = await keepMemory(
    host.home,
    snapshotId,
    machines.map(({ name, vm }) => ({
      name,
      vm,
      index: indexOf(run, name),
      overlays: tops
        .filter(({ machine }) => machine === name)
        .map(({ driveIndex, nextTop }) => ({ driveIndex, file: join(folder, nextTop) })),
    })),
    { afterwards: 'go-on', signal, afterPhase: (phase) => afterStep(`live-clone/cut-${phase}`) },
  )
  return { ...kept, stamp, at, tops }
}

function nextTops({ drives }: RunRecord, machines: readonly LiveMachine[]): NextTop[] {
  const on = new Set(machines.map(({ name }) => name))
  return drives.flatMap(({ machine, index, top }) =>
    top === undefined || !on.has(machine) ? [] : [{ machine, driveIndex: index, top, nextTop: newTopName(machine, index) }],
  )
}

/**
 * After a cut that was broken off: which of the announced tops their machines write to. The files of the others are removed. Drives of machines that are off are left
 * out: `settleTops` knows what to do with them.
 */
export async function settleLive(
  home: string,
  runId: string,
  live: LiveRun,
  announced: readonly NextTop[],
): Promise<{ readonly taken: NextTop[]; readonly notTaken: NextTop[] }> {
  const taken: NextTop[] = []
  const notTaken: NextTop[] = []
  for (const each of announced) {
    const vm = live.get(each.machine)?.vm
    if (!vm) continue
    const file = join(topsFolder(home, runId), each.nextTop)
    if ((await vm.topFiles())[each.driveIndex] === file) taken.push(each)
    else {
      notTaken.push(each)
      await rm(file, { force: true })
    }
  }
  return { taken, notTaken }
}

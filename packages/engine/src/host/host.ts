import type { Check, Health } from '@ramet/model/api/host.ts'
import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import type { RunStore } from '../run/run-store.ts'
import type { SnapshotStamp } from '../snapshot/stamp.ts'
import type { HostImages } from './host-images.ts'
import type { HostMachines } from './host-machines.ts'
import type { HostStorage } from './host-storage.ts'
import type { Known, Reclaimed } from './known.ts'
import type { CutRequest, CutResult, NextOverlay, PerformRequest, SettledCut, StepTimes, WorkflowName } from './perform.ts'

/**
 * One Linux host that runs machines: the engine's one face. Files, processes, networks and control groups are the host's; rows are the caller's, who passes what a call
 * needs as plain data. Calls and answers are plain data, streams and plain async callbacks, so that each can cross a wire. A failure that a caller can tell apart is a
 * RametError with a stable code. `openHost` opens the real one, `openFakeHost` of `@ramet/engine/testing` one that needs no root and has no VM.
 */
export interface Host {
  /** Images and the kernel that machines boot from. */
  readonly images: HostImages
  /** Files of layers, overlays and snapshots. */
  readonly storage: HostStorage
  /** Ways into machines that are on. */
  readonly machines: HostMachines

  /**
   * Takes the steps of a workflow that are not done yet, for the given machines of a run. After a crash the same call goes on where it was. Rejects with the signal's
   * reason between two steps; with `not_resumed` when the run's kept memory is of no use and it is to boot instead; with `memory_not_kept` when its machines run on and are
   * to be shut down instead.
   */
  perform(workflow: WorkflowName, request: PerformRequest): Promise<StepTimes>
  /** Finds the machines of a run that are on, takes up the connection to them, and tells how the others ended. In the order of the plan. */
  observe(runId: string, store: RunStore): Promise<MachineSight[]>
  /** Machines of a run that are on, as far as this process has heard; no promise that one answers. */
  on(runId: string): readonly MachineOn[]
  /** What happens to machines that are on, of all runs. Returns the way to stop listening. */
  events(listener: (event: MachineEvent) => void): () => void
  /** Control groups that the run has already get what its record says now: somebody waits for a run that was made in the background. */
  updateLimits(runId: string, store: RunStore): Promise<void>
  /**
   * Somebody needs the host: no process of these runs, and none that works on files while nobody waits for it, gets the CPU until `goOn`, and workflows of these runs wait
   * between two steps. Just these: a run that was named before and is not any more goes on.
   */
  standStill(runIds: readonly string[]): void
  goOn(): void
  /**
   * Takes memory and drives of a run's machines at one instant; they go on at once. `overlays` are written down by the caller beforehand. Whatever fails, the machines run
   * on, and `settleCut` tells which overlays they write to.
   */
  cut(request: CutRequest): Promise<CutResult>
  /** Which of the announced overlays machines that are on write to since a cut that was broken off. The files of the others are removed. */
  settleCut(runId: string, announced: readonly NextOverlay[]): Promise<SettledCut>
  /** Lets go of the connections to a run's machines, which go on. */
  forget(runId: string): void

  /** Once at start: removes host objects and files of this installation that no row accounts for. Tells what it removed. */
  reclaim(known: Known): Promise<Reclaimed[]>
  /** What memory of a run of this plan is taken on here, and can be resumed on. Needs the kernel pack, which is built now if need be. */
  fingerprint(plan: Pick<RunPlan, 'machines'>): Promise<SnapshotStamp>
  /** Bytes of the host's memory that a run of this plan may come to need, its machines' overhead included. */
  memoryOf(plan: Pick<RunPlan, 'machines'>): number
  /** True when the memory of such machines can be kept and resumed. */
  canKeepMemory(plan: Pick<RunPlan, 'machines'>): boolean
  /** Null until it is known. */
  accelerator(): Health['accelerator']
  /** What `ramet doctor` says of this host. */
  checks(): Promise<Check[]>
  /** Builds and probes what a first start needs; `images`: those to build besides the kernel pack. */
  warmUp(images: readonly string[]): Promise<void>
  /** Ends builds and lets go of all connections; machines go on. */
  close(): Promise<void>
}

/** How a machine ended, or that this host never started it. */
export type MachineEnd = 'powered-off' | 'killed' | 'crashed' | 'never-started'

export interface MachineSight {
  readonly machine: string
  /** Undefined while it is on. */
  readonly end: MachineEnd | undefined
}

export interface MachineOn {
  readonly machine: string
  /** A command ran in it over the present connection. */
  readonly isReady: boolean
}

export type MachineEvent = { readonly runId: string; readonly machine: string } & (
  | { readonly kind: 'ended'; readonly end: MachineEnd }
  /** It reboots from inside. */
  | { readonly kind: 'reset' }
  /** It is paused since the host's disk is full, or goes on. */
  | { readonly kind: 'space'; readonly waits: boolean }
  /** The platform's connection to it came or went. */
  | { readonly kind: 'link'; readonly isReady: boolean }
)

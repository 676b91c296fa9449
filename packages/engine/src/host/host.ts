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
 * One Linux host that runs machines: the engine's one interface. The host owns files, processes, networks and control groups. The caller owns rows, and passes what a call
 * needs as plain data. Arguments and results are plain data, streams and async callbacks, so that they can cross a wire. Every failure that a caller can handle is a
 * RametError with a stable code. `openHost` opens the real host. `openFakeHost` of `@ramet/engine/testing` opens one that needs no root and has no VMs.
 */
export interface Host {
  /** Images and the kernel that machines boot from. */
  readonly images: HostImages
  /** Files of layers, overlays and snapshots. */
  readonly storage: HostStorage
  /** Access to machines that are on. */
  readonly machines: HostMachines

  /**
   * Performs the steps of a workflow that are not done yet, for the given machines of a run. After a crash the same call continues. Rejects with the signal's
   * reason between two steps; with `not_resumed` when the run's kept memory cannot be used and the run must boot; with `memory_not_kept` when its machines go on and must
   * be shut down instead.
   */
  perform(workflow: WorkflowName, request: PerformRequest): Promise<StepTimes>
  /** Finds the machines of a run that are on, connects to them, and reports how the others ended. In the order of the plan. */
  observe(runId: string, store: RunStore): Promise<MachineSight[]>
  /** Machines of a run that are on as far as this process knows; one may still not answer. */
  on(runId: string): readonly MachineOn[]
  /** Listens to events of machines that are on, of all runs. Returns a function that stops listening. */
  events(listener: (event: MachineEvent) => void): () => void
  /** Applies the limits of the run's record to its existing control groups: a run that was made in the background now belongs to somebody. */
  updateLimits(runId: string, store: RunStore): Promise<void>
  /**
   * Pauses background work while somebody needs the host: processes of these runs and background programs get no CPU until `goOn`, and workflows of these runs wait
   * between two steps. The list replaces the one before: a run that is no longer in it goes on.
   */
  standStill(runIds: readonly string[]): void
  goOn(): void
  /**
   * Captures memory and drives of a run's machines at one instant; they go on at once. The caller records `overlays` beforehand. Whatever fails, the machines go
   * on, and `settleCut` tells which overlays they write to.
   */
  cut(request: CutRequest): Promise<CutResult>
  /** After an interrupted cut: returns which of the announced overlays the machines write to, and removes the files of the others. */
  settleCut(runId: string, announced: readonly NextOverlay[]): Promise<SettledCut>
  /** Closes the connections to a run's machines, which go on. */
  forget(runId: string): void

  /** Removes host objects and files of this installation that no row accounts for, once at start. Returns what it removed. */
  reclaim(known: Known): Promise<Reclaimed[]>
  /** Identifies what the memory of a run of this plan depends on here: a resume needs the same. Builds the kernel pack if there is none. */
  fingerprint(plan: Pick<RunPlan, 'machines'>): Promise<SnapshotStamp>
  /** Bytes of the host's memory that a run of this plan may come to need, its machines' overhead included. */
  memoryOf(plan: Pick<RunPlan, 'machines'>): number
  /** True when the memory of these machines can be kept and resumed. */
  canKeepMemory(plan: Pick<RunPlan, 'machines'>): boolean
  /** Null until it is known. */
  accelerator(): Health['accelerator']
  /** What `ramet doctor` says of this host. */
  checks(): Promise<Check[]>
  /** Builds and probes what a first start needs. `images`: the images to build besides the kernel pack. */
  warmUp(images: readonly string[]): Promise<void>
  /** Cancels builds and closes all connections; machines go on. */
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
  /** It answers on the current connection. */
  readonly isReady: boolean
  /** Why it is not ready: a sentence that begins with `it`. */
  readonly why?: string
}

export type MachineEvent = { readonly runId: string; readonly machine: string } & (
  | { readonly kind: 'ended'; readonly end: MachineEnd }
  /** It reboots from inside. */
  | { readonly kind: 'reset' }
  /** It was paused because the host's disk is full, or goes on. */
  | { readonly kind: 'space'; readonly waits: boolean }
  /** The platform's connection to it came or went, or the guest no longer answers on it. `why`: a sentence that begins with `it`, when it is not ready. */
  | { readonly kind: 'link'; readonly isReady: boolean; readonly why?: string }
  /** Its boot has come to an end without an answer. `why`: a sentence that begins with `it`. */
  | { readonly kind: 'boot-failed'; readonly why: string }
  /** What its boot could not do and left alone, as sentences for people; empty: nothing. */
  | { readonly kind: 'troubles'; readonly troubles: readonly string[] }
)

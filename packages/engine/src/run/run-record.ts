import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import type { SnapshotRecord } from '../snapshot/snapshot-record.ts'

/** A run as its steps see it: plain data, read anew from the store each time. Files are named relative to RAMET_HOME; the engine makes paths of them. */
export interface RunRecord {
  readonly id: string
  /** Names the run's host objects together with the installation. */
  readonly shortId: number
  readonly plan: RunPlan
  /** The /28 that it had last; it asks for the same one again. */
  readonly lease: string | undefined
  readonly drives: readonly DriveRecord[]
  /** In the order of the plan. */
  readonly machines: readonly MachineRecord[]
  /** What its next start resumes. */
  readonly resume: SnapshotRecord | undefined
  /** Of a run that is on its way up from a snapshot which it has consumed: the epoch that its guests are to be woken with. */
  readonly waking: string | undefined
  /** Its drives and memory are those of another run, kept for starts like this one: its guests need an identity of their own before anybody uses them. */
  readonly isBorrowed: boolean
  /** Nobody waits for it: its machines take what others leave of the CPU. */
  readonly isBackground: boolean
}

export interface MachineRecord {
  readonly name: string
  /** Of a machine that is to be rebooted: kernel boot id of the boot that it is to leave. */
  readonly leftBoot: string | undefined
}

export interface DriveRecord {
  readonly machine: string
  readonly index: number
  /** Layers below the overlay, topmost first; empty for a drive that began empty. */
  readonly layers: readonly LayerRecord[]
  /** Name of the overlay's file; undefined: unmodified, nothing on disk. */
  readonly overlay: string | undefined
  readonly sizeBytes: number
}

/** A sealed layer. */
export interface LayerRecord {
  /** `layers/<id>.qcow2`. */
  readonly file: string
  /** Virtual size. */
  readonly sizeBytes: number
}

import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import type { SnapshotRecord } from '../snapshot/snapshot-record.ts'

/** A run as its steps see it: plain data, read from the store each time. File names are relative to RAMET_HOME; the engine makes paths of them. */
export interface RunRecord {
  readonly id: string
  /** With the installation's id, this names the run's host objects. */
  readonly shortId: number
  readonly plan: RunPlan
  /** Its last /28; the next start asks for it again. */
  readonly lease: string | undefined
  readonly drives: readonly DriveRecord[]
  /** In the order of the plan. */
  readonly machines: readonly MachineRecord[]
  /** The snapshot that its next start resumes. */
  readonly resume: SnapshotRecord | undefined
  /** While the run starts from a snapshot that it has consumed: the epoch to wake its guests with. */
  readonly waking: string | undefined
  /** Its drives and memory come from another run, kept for starts like this one. Its guests need their own identity before anybody uses them. */
  readonly isBorrowed: boolean
  /** A background run: its machines get only the CPU time that nobody else uses. */
  readonly isBackground: boolean
}

export interface MachineRecord {
  readonly name: string
  /** By the store it is on, or on its way there or back. If no VM is found, it ended by itself a moment ago. */
  readonly isOn: boolean
  /** Set while the machine is to be rebooted: kernel boot id of the boot to end. */
  readonly leftBoot: string | undefined
}

export interface DriveRecord {
  readonly machine: string
  readonly index: number
  /** Layers below the overlay, topmost first; empty for a drive that began empty. */
  readonly layers: readonly LayerRecord[]
  /** Name of the overlay's file. Undefined: the drive is unmodified, and nothing is on disk. */
  readonly overlay: string | undefined
  readonly sizeBytes: number
  /** Of a root drive: the first boot's work on it. */
  readonly setUp: SetUp
  /** Size that its filesystem was grown to; 0: it was not. */
  readonly grownBytes: number
}

/** The first boot's work in a lineage: users, startup files. `begun`: allowed, and nobody heard of its end. */
export type SetUp = 'due' | 'begun' | 'done'

/** A sealed layer. */
export interface LayerRecord {
  /** `layers/<id>.qcow2`. */
  readonly file: string
  /** Virtual size. */
  readonly sizeBytes: number
}

import { join } from 'node:path'
import type { VmMemory } from '../vmm/vmm.ts'
import type { SnapshotStamp } from './stamp.ts'

/** Files of one machine's memory, relative to RAMET_HOME: `snapshots/<id>/0.ram`. */
export interface MemoryFiles {
  readonly ramFile: string
  /** Devices and CPUs. */
  readonly stateFile: string
}

/** What a resume needs to know about a snapshot. */
export interface SnapshotRecord {
  readonly id: string
  /** RFC 3339. */
  readonly at: string
  readonly stamp: SnapshotStamp
  /** The machines that were on. */
  readonly machines: readonly SnapshotMachine[]
  /** The topmost layer of each drive; an empty drive is not listed. */
  readonly drives: readonly SnapshotDrive[]
}

export interface SnapshotMachine {
  readonly name: string
  readonly memory: MemoryFiles
  /** SHA-256 of the device state, hex. */
  readonly stateDigest: string
  /** Size of the machine's RAM. */
  readonly ramBytes: number
  /** Length that the RAM file must have. */
  readonly ramFileBytes: number
  /** The RAM is compressed, and must be unpacked into a new file before use. */
  readonly isPacked: boolean
  /** SHA-256 of the plain RAM, hex; undefined until background work has computed it. */
  readonly ramDigest: string | undefined
  /** Background work found that the RAM has changed. */
  readonly isDamaged: boolean
}

export interface SnapshotDrive {
  readonly machine: string
  readonly index: number
  /** File of the layer, `layers/<id>.qcow2`. */
  readonly layer: string
}

/** A new snapshot to be recorded. Its files are whole under their final names, and become durable later (`HostStorage.syncMemory`). */
export interface TakenSnapshot {
  readonly id: string
  readonly at: string
  readonly stamp: SnapshotStamp
  /** On disk (st_blocks x 512). */
  readonly bytes: number
  readonly machines: readonly TakenMachine[]
  /** Machines that were on and did not answer: only their drives were taken, and they boot. */
  readonly silent: readonly string[]
}

export interface TakenMachine {
  readonly name: string
  readonly memory: MemoryFiles
  readonly stateDigest: string
  readonly ramBytes: number
}

/** The same RAM in another file, durable under its final name. */
export interface NewRam {
  /** Relative to RAMET_HOME. */
  readonly file: string
  /** Compressed by zstd. */
  readonly isPacked: boolean
  /** Length. */
  readonly bytes: number
  /** SHA-256 of the plain RAM, hex. */
  readonly digest: string
}

export const memoryIn = (home: string, { ramFile, stateFile }: MemoryFiles): VmMemory => ({
  ramFile: join(home, ramFile),
  stateFile: join(home, stateFile),
})

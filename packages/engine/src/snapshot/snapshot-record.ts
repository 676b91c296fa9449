import type { VmMemory } from '../vmm/vmm.ts'
import type { SnapshotStamp } from './stamp.ts'

/** A snapshot as a resume needs it. Paths are absolute. */
export interface SnapshotRecord {
  readonly id: string
  /** RFC 3339. */
  readonly at: string
  readonly stamp: SnapshotStamp
  /** Those that were on. */
  readonly machines: readonly SnapshotMachine[]
  /** The layers that the drives stood on; a drive that was empty is not listed. */
  readonly drives: readonly SnapshotDrive[]
}

export interface SnapshotMachine {
  readonly name: string
  readonly memory: VmMemory
  /** SHA-256 of the device state, hex. */
  readonly stateDigest: string
  /** Of the machine's RAM. */
  readonly ramBytes: number
  /** Length that the RAM file must have. */
  readonly ramFileBytes: number
  /** The RAM is compressed: to be unpacked into a new file before it is used. */
  readonly isPacked: boolean
  /** SHA-256 of the plain RAM, hex; undefined until the background came to it. */
  readonly ramDigest: string | undefined
  /** The background found that it is not what it was. */
  readonly isDamaged: boolean
}

export interface SnapshotDrive {
  readonly machine: string
  readonly index: number
  readonly layer: string
}

/** A snapshot whose files are durable under their last names, about to be written down. */
export interface TakenSnapshot {
  readonly id: string
  readonly at: string
  readonly stamp: SnapshotStamp
  /** On disk (st_blocks x 512). */
  readonly bytes: number
  readonly machines: readonly TakenMachine[]
}

export interface TakenMachine {
  readonly name: string
  readonly memory: VmMemory
  readonly stateDigest: string
  readonly ramBytes: number
}

import { join } from 'node:path'
import type { VmMemory } from '../vmm/vmm.ts'
import type { SnapshotStamp } from './stamp.ts'

/** Files of one machine's memory, relative to RAMET_HOME: `snapshots/<id>/0.ram`. */
export interface MemoryFiles {
  readonly ramFile: string
  /** Devices and CPUs. */
  readonly stateFile: string
}

/** A snapshot as a resume needs it. */
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
  readonly memory: MemoryFiles
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
  /** File of the layer, `layers/<id>.qcow2`. */
  readonly layer: string
}

/** A snapshot whose files are whole under their last names, about to be written down. They become durable later (`HostStorage.syncMemory`). */
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
  readonly memory: MemoryFiles
  readonly stateDigest: string
  readonly ramBytes: number
}

/** The same RAM in another file, durable under its last name. */
export interface NewRam {
  /** Relative to RAMET_HOME. */
  readonly file: string
  /** Compressed by zstd. */
  readonly isPacked: boolean
  /** Length. */
  readonly bytes: number
  /** Of the plain RAM: SHA-256, hex. */
  readonly digest: string
}

export const memoryIn = (home: string, { ramFile, stateFile }: MemoryFiles): VmMemory => ({
  ramFile: join(home, ramFile),
  stateFile: join(home, stateFile),
})

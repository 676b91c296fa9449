import type { SealedFile } from '../disk/layer-store.ts'
import type { LayerRecord } from '../run/run-record.ts'
import type { MemoryFiles, NewRam } from '../snapshot/snapshot-record.ts'
import type { HomeInspection } from './home-inspection.ts'

/** The writable file of a drive of a run. */
export interface OverlayName {
  readonly runId: string
  readonly overlay: string
}

export interface OverlayToLayer extends OverlayName {
  /** `layers/<id>.qcow2`. */
  readonly layer: string
}

/** Topmost first. */
export interface MergeRequest {
  /** At least two that stand on each other. */
  readonly layers: readonly LayerRecord[]
  /** The layers below the last of them, down to the root. */
  readonly below: readonly LayerRecord[]
  /** `layers/<id>.qcow2`. */
  readonly into: string
  readonly signal?: AbortSignal | undefined
}

export interface RamWork {
  readonly signal?: AbortSignal
  /** Somebody waits for the result, so the work runs at normal priority instead of in the idle class. */
  readonly isUrgent?: boolean
}

/**
 * Files of layers, overlays and snapshots. Names are relative to RAMET_HOME. It knows no rows: the caller first records what it is about to do, and removes
 * the files that no row names any more. Calls that need space throw `no_space` when the disk is full.
 */
export interface HostStorage extends HomeInspection {
  /**
   * Gives each overlay's file a second name, that of the layer, makes it read-only for VMs, and makes content, owner and name durable. The first name stays,
   * so nothing is lost whatever happens next. Idempotent.
   */
  seal(files: readonly OverlayToLayer[]): Promise<SealedFile[]>
  /** Requires that no process could still write to these layers, as a QEMU could that keeps what it had open before the seal. Throws `drive_still_written`. */
  requireUnwritten(files: readonly string[]): Promise<void>
  /** Undoes a seal: removes the layer's name and makes the overlay writable for its VM again. */
  unseal(file: OverlayToLayer): Promise<void>
  /** True when nothing was ever written to the overlay. No VM may have it open. */
  isUntouched(overlay: OverlayName): Promise<boolean>
  hasOverlay(overlay: OverlayName): Promise<boolean>
  /** Merges several layers into one new layer with the same content. The file is whole or absent; when the signal aborts it, nothing is left. */
  merge(request: MergeRequest): Promise<SealedFile>
  /** Removes files of layers. A file that is already gone counts as removed; the same holds below. */
  removeLayers(files: readonly string[]): Promise<void>
  removeOverlays(overlays: readonly OverlayName[]): Promise<void>
  /** Removes snapshots. A VM that is about to end may still have the memory mapped. */
  removeSnapshots(ids: readonly string[]): Promise<void>
  removeRam(file: string): Promise<void>

  /** Bytes on disk (st_blocks x 512) of each overlay, 0 for one that is gone. */
  overlayBytes(overlays: readonly OverlayName[]): Promise<number[]>
  /** The same for layers or RAM files. */
  fileBytes(files: readonly string[]): Promise<number[]>
  /** When the content was last written, in milliseconds since 1970; undefined when the file is gone. */
  writtenAt(file: string): Promise<number | undefined>
  /** Makes a snapshot's files durable: before that they may not survive a power loss. It keeps the disk busy until all of the memory is written. */
  syncMemory(memories: readonly MemoryFiles[]): Promise<void>
  /** Compresses plain RAM into a new file, and keeps the old one. */
  packRam(file: string, work?: RamWork): Promise<NewRam>

  /** Free bytes on the home's disk. */
  freeBytes(): Promise<number>
  /** Throws `no_space` before the work begins rather than in the middle of it. */
  requireSpace(neededBytes: number): Promise<void>
}

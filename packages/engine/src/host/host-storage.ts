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
  /** What the last of them stands on, down to the root. */
  readonly below: readonly LayerRecord[]
  /** `layers/<id>.qcow2`. */
  readonly into: string
  readonly signal?: AbortSignal | undefined
}

export interface RamWork {
  readonly signal?: AbortSignal
  /** Somebody waits for it: it takes what it can get of the host, where it would else leave it to others. */
  readonly isUrgent?: boolean
}

/**
 * Files of layers, overlays and snapshots. Names are relative to RAMET_HOME. Nothing here knows of rows: a caller writes down first what it is about to do, and has
 * removed what no row names any more. What needs room throws `no_space` when the disk is full.
 */
export interface HostStorage extends HomeInspection {
  /**
   * Gives each overlay's file a second name, that of the layer, takes from VMs the right to write to it, and makes content, owner and name durable. The first name stays,
   * so nothing is lost whatever happens next. Repeating it changes nothing.
   */
  seal(files: readonly OverlayToLayer[]): Promise<SealedFile[]>
  /** Takes a seal back: the layer's name is gone, the overlay is its VM's again. */
  unseal(file: OverlayToLayer): Promise<void>
  /** True when nothing was ever written to the overlay. Must not be asked of one that a VM has open. */
  isUntouched(overlay: OverlayName): Promise<boolean>
  hasOverlay(overlay: OverlayName): Promise<boolean>
  /** Makes one layer that reads as several do. Whole under its name or not at all; ended early by the signal, it leaves nothing. */
  merge(request: MergeRequest): Promise<SealedFile>
  /** Those that are gone already count as removed; so below. */
  removeLayers(files: readonly string[]): Promise<void>
  removeOverlays(overlays: readonly OverlayName[]): Promise<void>
  /** Also while a VM that is about to end has the memory mapped. */
  removeSnapshots(ids: readonly string[]): Promise<void>
  removeRam(file: string): Promise<void>

  /** Bytes on disk (st_blocks x 512) of each, 0 where it is gone. */
  overlayBytes(overlays: readonly OverlayName[]): Promise<number[]>
  /** The same of layers or RAM. */
  fileBytes(files: readonly string[]): Promise<number[]>
  /** When its content was last written, in milliseconds since 1970; undefined when it is gone. */
  writtenAt(file: string): Promise<number | undefined>
  /** Brings a snapshot's files to the disk: until then it must not be trusted over a loss of the host's power. Keeps the disk busy for as long as memory takes. */
  syncMemory(memories: readonly MemoryFiles[]): Promise<void>
  /** Compresses plain RAM into a new file, and leaves the old one. */
  packRam(file: string, work?: RamWork): Promise<NewRam>

  /** Free bytes on the home's disk. */
  freeBytes(): Promise<number>
  /** `no_space` now rather than in the middle of the work. */
  requireSpace(neededBytes: number): Promise<void>
}

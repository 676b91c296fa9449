import type { LayerFile } from './disk.ts'

/** What a sealed file looks like on the disk. It never changes, so `fsck` compares it to find out whether somebody wrote to it. */
export interface SealedFile {
  /** Bytes on disk (st_blocks x 512). */
  readonly bytes: number
  /** Its length (st_size). */
  readonly lengthBytes: number
  /** When its content was last written, in nanoseconds since 1970 (st_mtime), as decimal digits. */
  readonly modifiedAt: string
}

export interface OverlayAndLayer {
  /** Absolute path of an overlay that no VM writes to any more. */
  readonly overlay: string
  /** Absolute path that the layer will have, on the same filesystem. */
  readonly layer: string
}

/** Absolute paths and virtual sizes; lists are topmost first. */
export interface Merging {
  /** At least two that stand on each other. */
  readonly layers: readonly LayerFile[]
  /** What the last of them stands on, down to the root. */
  readonly below: readonly LayerFile[]
  readonly into: string
  readonly signal?: AbortSignal
}

/**
 * Turns overlays into layers and merges layers. It knows no rows: the caller first records what it is about to do, and removes what it no longer needs.
 * Every method throws `no_space` when the disk is full.
 */
export interface LayerStore {
  /**
   * Gives each overlay's file a second name, that of the layer, makes it root's and read-only, and makes content, owner and name durable.
   * The first name stays, so nothing is lost whatever happens next. Idempotent.
   */
  seal(files: readonly OverlayAndLayer[]): Promise<SealedFile[]>
  /** Undoes a seal: the overlay can be written again, by the user of its run if that is on, else by root. */
  makeWritable(overlay: string, uid?: number): Promise<void>
  /** True when nothing was ever written to the overlay, so that it reads as the layers below it. No VM may have the file open. */
  isUntouched(overlay: string): Promise<boolean>
  /**
   * Merges `layers` into one new layer with the same content. It takes at most their bytes and some metadata. The sources are only read. The file is whole or absent;
   * when `signal` aborts it, nothing is left.
   */
  merge(merging: Merging): Promise<SealedFile>
}

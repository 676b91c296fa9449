import type { LayerFile } from './disk.ts'

/** A sealed file as it is on the disk. It never changes again, so that `fsck` can tell when somebody wrote to it all the same. */
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
  /** Absolute path, on the same filesystem, that the layer will have. */
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
 * Files of layers: how an overlay becomes one. Nothing here knows of rows: a caller first writes down what it is about to do, and unlinks what it no longer needs.
 * Each throws `no_space` when the disk is full.
 */
export interface LayerStore {
  /**
   * Gives each overlay's file a second name, that of the layer, takes the VM's user the right to write to it, and makes content, owner and name durable.
   * The first name stays, so nothing is lost whatever happens next. Repeating it changes nothing.
   */
  seal(files: readonly OverlayAndLayer[]): Promise<SealedFile[]>
  /** Makes a file that was to be a layer an overlay again: the VM's user may write to it. */
  makeWritable(overlay: string): Promise<void>
  /** True when nothing was ever written to the overlay, so that it reads as what it stands on. Must not be asked of a file that a VM has open. */
  isUntouched(overlay: string): Promise<boolean>
  /**
   * Makes one layer that reads as `layers` do. It takes at most their bytes and some metadata; they are only read, as are those below. Whole under its name or not at all;
   * ended early by `signal`, it leaves nothing.
   */
  merge(merging: Merging): Promise<SealedFile>
}

import type { Formattable } from './formatted-disk.ts'
import type { TableKind } from './partition-table.ts'

/** Files of drives: layers (sealed, immutable) and overlays (the writable file of one drive of one run). */
export interface LayerFile {
  readonly file: string
  readonly format: 'qcow2' | 'raw'
  /** Virtual size in bytes. */
  readonly sizeBytes: number
}

export interface Disks {
  /**
   * Makes an empty writable overlay (`extended_l2=on`) on `on`, or an empty disk when `on` is absent: temporary name, fsync, rename; owned by the VM's user.
   * `sizeBytes` is at least that of `on`. No backing file name inside the file is trusted: the Vmm names the chain.
   */
  makeOverlay(file: string, on: LayerFile | undefined, sizeBytes: number): Promise<void>
  /** Makes the first file of a drive that begins empty, with a filesystem that fills it. As `makeOverlay` otherwise. Throws `missing_program`. */
  makeFormatted(file: string, sizeBytes: number, filesystem: Formattable): Promise<void>
  /** Makes the first overlay on an image that lies in a partition: with a table whose partition fills the drive. As `makeOverlay` otherwise. */
  makePartitioned(file: string, on: LayerFile, sizeBytes: number, table: TableKind): Promise<void>
  exists(file: string): Promise<boolean>
  /** Bytes on disk (st_blocks x 512). */
  bytes(file: string): Promise<number>
  /** Checks one qcow2 file read-only (`qemu-img check`) and returns a sentence for each fault. No VM may have the file open. */
  check(file: string): Promise<string[]>
  /** Makes a folder that the VM's user owns. */
  makeVmFolder(folder: string): Promise<void>
}

/** Files of drives: layers (sealed, immutable) and overlays (the writable overlay of one drive of one run). */
export interface LayerFile {
  readonly file: string
  readonly format: 'qcow2' | 'raw'
  /** Virtual size in bytes. */
  readonly sizeBytes: number
}

export interface Disks {
  /**
   * Makes an empty writable overlay (`extended_l2=on`) on `on`, or an empty disk when `on` is absent: temporary name, fsync, rename; owned by the VM's user.
   * `sizeBytes` at least that of `on`. No backing file name is kept inside as a trusted thing: the Vmm names the chain.
   */
  makeOverlay(file: string, on: LayerFile | undefined, sizeBytes: number): Promise<void>
  exists(file: string): Promise<boolean>
  /** Bytes on disk (st_blocks x 512). */
  bytes(file: string): Promise<number>
  /** Consistency of one qcow2 file (`qemu-img check`), read-only: sentences, empty when clean. Must not be asked of a file that a VM has open. */
  check(file: string): Promise<string[]>
  /** Prepares a folder that the VM's user owns. */
  makeVmFolder(folder: string): Promise<void>
}

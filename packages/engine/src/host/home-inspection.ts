/** Looks at the files of a home without changing any, also beside a running server: for fsck. Names are relative to RAMET_HOME. */
export interface HomeInspection {
  /** Everything below `layers`, `runs` and `snapshots`, what lies directly in the home, and these files wherever they are. */
  look(files: readonly string[]): Promise<ReadonlyMap<string, FileSight>>
  /**
   * Looks inside the file of a layer or an overlay: sentences about what is wrong, empty when all is well. `sizeBytes`: the virtual size it should have. What it says of a
   * file that a VM has begun to write meanwhile is worth nothing.
   */
  checkDrive(file: string, sizeBytes: number): Promise<string[]>
  /** SHA-256 of the plain RAM in a file, hex. */
  digestRam(ram: RamName, work?: { readonly signal?: AbortSignal; readonly isUrgent?: boolean }): Promise<string>
}

export interface RamName {
  readonly file: string
  /** Compressed by zstd. */
  readonly isPacked: boolean
}

export interface FileSight {
  readonly kind: 'file' | 'folder' | 'other'
  readonly mode: number
  readonly uid: number
  /** Device and inode: two names with the same one are one file. */
  readonly identity: string
  readonly sizeBytes: number
  /** On disk (st_blocks x 512). */
  readonly bytes: number
  /** When its content was last written, in nanoseconds since 1970, as decimal digits. */
  readonly modifiedAt: string
}

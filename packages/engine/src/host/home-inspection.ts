/** Reads the files of a home for fsck and changes none. It works beside a running server. Names are relative to RAMET_HOME. */
export interface HomeInspection {
  /** Lists everything below `layers`, `runs` and `snapshots`, everything directly in the home, and the given files wherever they are. */
  look(files: readonly string[]): Promise<ReadonlyMap<string, FileSight>>
  /**
   * Checks the file of a layer or an overlay and returns a sentence for each fault. `sizeBytes`: the expected virtual size. The answer means nothing if a VM began
   * to write to the file meanwhile.
   */
  checkDrive(file: string, sizeBytes: number): Promise<string[]>
  /** Returns the SHA-256 of the plain RAM in a file, hex. */
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
  /** Device and inode: two names with the same value are one file. */
  readonly identity: string
  readonly sizeBytes: number
  /** On disk (st_blocks x 512). */
  readonly bytes: number
  /** When its content was last written, in nanoseconds since 1970, as decimal digits. */
  readonly modifiedAt: string
}

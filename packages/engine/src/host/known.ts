/** What the rows of an installation account for. */
export interface Known {
  readonly runs: readonly KnownRun[]
  /** Files of layers, sealed or being built: `layers/<id>.qcow2`. */
  readonly layers: readonly KnownLayer[]
  readonly snapshots: readonly KnownSnapshot[]
}

/** A run that is not destroyed. */
export interface KnownRun {
  readonly id: string
  readonly shortId: number
  /** Names of its drives' overlays, announced ones too. */
  readonly overlays: readonly string[]
  /** Its machines may be on. Then only second names of sealed layers are removed from its drives, since any other file may be a new overlay. */
  readonly isOn: boolean
}

export interface KnownLayer {
  readonly file: string
  /** False when its creation was interrupted. This call removes the file, and the caller removes the row afterwards. */
  readonly isSealed: boolean
}

export interface KnownSnapshot {
  readonly id: string
  /** Files of its memory, relative to RAMET_HOME. */
  readonly files: readonly string[]
}

/** One thing that no row accounted for. */
export interface Reclaimed {
  readonly what:
    | 'resolver'
    | 'control groups'
    | 'network'
    | 'addresses'
    | 'user'
    | 'run folder'
    | 'snapshot file'
    | 'layer file'
    | 'overlay'
  /** Path or name. */
  readonly name: string
}

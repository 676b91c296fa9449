/** What the rows of an installation account for. */
export interface Known {
  readonly runs: readonly KnownRun[]
  /** Files of layers, sealed or being built: `layers/<id>.qcow2`. */
  readonly layers: readonly KnownLayer[]
  readonly snapshots: readonly KnownSnapshot[]
}

/** One that is not destroyed. */
export interface KnownRun {
  readonly id: string
  readonly shortId: number
  /** Names of its drives' overlays, announced ones too. */
  readonly overlays: readonly string[]
  /** Its machines may be on: only further names of sealed layers are removed from its drives, since what else is there may be about to be an overlay. */
  readonly isOn: boolean
}

export interface KnownLayer {
  readonly file: string
  /** False: its making was interrupted. The caller removes its row afterwards; the file goes with this call. */
  readonly isSealed: boolean
}

export interface KnownSnapshot {
  readonly id: string
  /** Of its memory, relative to RAMET_HOME. */
  readonly files: readonly string[]
}

/** One thing that no row accounted for. */
export interface Reclaimed {
  readonly what:
    | 'resolver'
    | 'control groups'
    | 'network'
    | 'addresses'
    | 'run folder'
    | 'snapshot file'
    | 'layer file'
    | 'overlay'
  /** Path or name. */
  readonly name: string
}

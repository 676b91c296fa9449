/** What a run may take of the host. */
export interface RunLimits {
  /** As every host object of the run is named: `r1a2b-3c`. */
  readonly name: string
  readonly memoryBytes: number
  /** Against other runs and the host, when there is not enough for all: 100 is what one ordinary thread of the host has. */
  readonly cpuWeight: number
  /** Hundredths of one CPU. */
  readonly cpuPercent: number
  /** Processes and threads. */
  readonly tasks: number
}

/** Control groups of runs. Every method is idempotent; where the host has no control groups there is nothing to do. */
export interface Cgroups {
  ready(limits: RunLimits): Promise<boolean>
  make(limits: RunLimits): Promise<void>
  /** Ends whatever is still in them, and removes them. */
  remove(name: string): Promise<void>
  /** Names of runs of this installation that have any. */
  list(installation: string): Promise<string[]>
  /** The run's folders, one a hierarchy, for `enterGroups`. */
  groups(name: string): readonly string[]
}

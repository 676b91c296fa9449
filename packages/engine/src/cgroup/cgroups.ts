/** Limits of what a run may use of the host. */
export interface RunLimits {
  /** Name of the run's host objects: `r1a2b-3c`. */
  readonly name: string
  readonly memoryBytes: number
  /** Share against other runs and the host when the CPU is short: 100 is the share of one ordinary thread of the host. */
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
  /** Kills the processes that are still in the run's groups, and removes the groups. */
  remove(name: string): Promise<void>
  /** Names of runs of this installation that have control groups. */
  list(installation: string): Promise<string[]>
  /** The run's folders, one for each hierarchy, which a jail enters. */
  groups(name: string): readonly string[]
}

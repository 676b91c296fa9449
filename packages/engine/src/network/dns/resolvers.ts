import type { NetworkPlan } from '../network.ts'

/** The names of one run: what is answered, and where the resolvers' files are. */
export interface RunNames {
  /** `runs/<id>/names`. Tells its processes from those of other runs. */
  readonly folder: string
  readonly network: NetworkPlan
  /** The host's own resolvers, for names from outside; none: such names are not found. */
  readonly nameservers: readonly string[]
  /** Control groups (folders) that the processes are put into. */
  readonly groups: readonly string[]
  /** User of the processes: the run's. */
  readonly uid: number
}

/** Resolvers on the gateways of runs' networks. They outlive the server as VMs do. Every method is idempotent. */
export interface Resolvers {
  /** True when every view of the plan is answered, with these nameservers, by a process that lives. */
  ready(names: RunNames): Promise<boolean>
  /** Starts what is missing and ends what is no longer right. */
  start(names: RunNames): Promise<void>
  /** Ends all of a run; resolves when they are gone. */
  end(folder: string): Promise<void>
  /** True when anything of a run's names may be left. */
  exists(folder: string): Promise<boolean>
  /** `names` folders below `runsFolder` that have a process. */
  list(runsFolder: string): Promise<string[]>
}

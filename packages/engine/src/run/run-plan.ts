/**
 * What a run is made of, with every default and address resolved: kept with the run as JSON, so that a later change of its playground or of our
 * defaults changes no existing run. Inside addresses, names and MACs never change, whatever is cloned.
 */
export interface RunPlan {
  readonly machines: readonly PlanMachine[]
  readonly networks: readonly PlanNetwork[]
  /** Absent in plans made before there were tasks. */
  readonly tasks?: readonly PlanTask[]
  /** Users, startup files and tasks are done again in this run, although its lineage has them. A word of its own; a clone of the run does not do it once more. */
  readonly rerunInit?: string
}

/** Run once in a lineage, when everything it needs has completed. */
export interface PlanTask {
  readonly name: string
  readonly machine: string
  readonly user: string
  /** A script for bash, or for /bin/sh where there is none. */
  readonly run: string
  readonly needs: readonly string[]
  readonly timeoutSeconds: number
}

export interface PlanNetwork {
  readonly name: string
  readonly subnet: string
  readonly gateway: string
  readonly private: boolean
}

export interface PlanMachine {
  readonly name: string
  readonly users: readonly { readonly name: string; readonly default: boolean; readonly welcome?: string }[]
  readonly cpuCount: number
  readonly ramMiB: number
  /** No terminal and no ssh for people; the platform's own link is there all the same. */
  readonly noSSH: boolean
  readonly drives: readonly PlanDrive[]
  readonly interfaces: readonly PlanInterface[]
  readonly startupFiles: readonly {
    readonly path: string
    readonly content: string
    readonly append: boolean
    readonly owner: string
    readonly mode: string
  }[]
}

/** In guest order: the first is vda, the root. `source`: name of the image it begins from; absent: empty. */
export interface PlanDrive {
  readonly source?: string
  readonly mount?: string
  readonly filesystem?: string
  readonly sizeBytes: number
  readonly readOnly: boolean
}

export interface PlanInterface {
  readonly network: string
  /** The same in every clone: each run is a world of its own. */
  readonly mac: string
  readonly address: string
  readonly prefixLength: number
  /** On the interface that has the default route. */
  readonly gateway?: string
}

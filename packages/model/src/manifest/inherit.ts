import { tabsOn } from '../plan/tabs.ts'
import type { ManifestMachine, ManifestSpec } from './manifest.ts'

/** What a playground is made from. */
export interface Base {
  readonly name: string
  readonly spec: ManifestSpec
  /** `flexbox` takes any machines; every other base only its own, which may be left out or changed but not joined by new ones. */
  readonly takesAnyMachine: boolean
}

/**
 * Fills in from the base what a manifest leaves out. A list that is given replaces the base's; a machine that the base has too takes over what it does
 * not say itself. Machines keep their positions, so a fault's path still points into what was written.
 */
export function inherit(spec: ManifestSpec, base: Base): ManifestSpec {
  const own = base.takesAnyMachine ? [] : base.spec.machines
  const machines = spec.machines.length > 0 ? spec.machines : base.spec.machines
  const networks = spec.networks.length > 0 ? spec.networks : base.spec.networks
  const names = new Set(machines.map(({ name }) => name))
  return {
    ...spec,
    networks,
    machines: machines.map((machine) =>
      inheritMachine(
        machine,
        own.find(({ name }) => name === machine.name),
      ),
    ),
    tabs: spec.tabs.length > 0 ? spec.tabs : tabsOn(base.spec.tabs, names),
    initTasks: spec.initTasks ?? tasksOn(base.spec.initTasks ?? {}, names),
    initConditions: spec.initConditions ?? base.spec.initConditions,
  }
}

/** Tasks on machines that are still there, and that need no task of one that is not. */
export function tasksOn(tasks: NonNullable<ManifestSpec['initTasks']>, machines: ReadonlySet<string>): ManifestSpec['initTasks'] {
  let kept = Object.entries(tasks).filter(([, task]) => task.machine === undefined || machines.has(task.machine))
  for (let before = -1; before !== kept.length; ) {
    before = kept.length
    const names = new Set(kept.map(([name]) => name))
    kept = kept.filter(([, task]) => task.needs.every((need) => names.has(need)))
  }
  return kept.length === 0 ? undefined : Object.fromEntries(kept)
}

function inheritMachine(machine: ManifestMachine, base: ManifestMachine | undefined): ManifestMachine {
  if (!base) return machine
  return {
    ...machine,
    users: machine.users.length > 0 ? machine.users : base.users,
    drives: machine.drives.length > 0 ? machine.drives : base.drives,
    network: machine.network ?? base.network,
    resources: {
      cpuCount: machine.resources?.cpuCount ?? base.resources?.cpuCount,
      ramSize: machine.resources?.ramSize ?? base.resources?.ramSize,
    },
    startupFiles: machine.startupFiles.length > 0 ? machine.startupFiles : base.startupFiles,
    noSSH: machine.noSSH ?? base.noSSH,
    kernel: machine.kernel ?? base.kernel,
    backend: machine.backend ?? base.backend,
  }
}

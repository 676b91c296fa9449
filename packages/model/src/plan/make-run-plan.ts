import type { ManifestSpec } from '../manifest/manifest.ts'
import { resolveSpec } from './defaults.ts'
import { machineMac } from './machine-mac.ts'
import type { RunPlan } from './run-plan.ts'

/** Makes a run's plan from a checked spec: fills in every default and address. Pure. */
export function makeRunPlan(given: ManifestSpec): RunPlan {
  const { networks, machines, tasks, tabs } = resolveSpec(given)
  return {
    version: 1,
    networks: networks.map(({ name, subnet, gateway, private: isPrivate }) => ({ name, subnet, gateway, private: isPrivate })),
    machines: machines.map((machine, machineIndex) => ({
      ...machine,
      interfaces: machine.interfaces.map(({ index, ...resolved }) => ({ ...resolved, mac: machineMac(machineIndex, index) })),
    })),
    ...(tasks.length === 0 ? {} : { tasks }),
    tabs,
  }
}

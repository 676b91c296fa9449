import { type Plannable, resolveSpec } from './defaults.ts'
import type { Conditions } from './init-conditions.ts'
import { machineMac } from './machine-mac.ts'
import type { RunPlan } from './run-plan.ts'

/** Makes a run's plan from a checked spec: fills in every default and address, and leaves out tasks that do not go with `conditions`. Pure. */
export function makeRunPlan(given: Plannable, conditions: Conditions = {}): RunPlan {
  const { networks, machines, tasks, tabs } = resolveSpec(given, conditions)
  return {
    version: 1,
    networks: networks.map(({ name, subnet, gateway, private: isPrivate }) => ({ name, subnet, gateway, private: isPrivate })),
    machines: machines.map((machine, machineIndex) => ({
      ...machine,
      interfaces: machine.interfaces.map(({ index, ...resolved }) => ({ ...resolved, mac: machineMac(machineIndex, index) })),
    })),
    ...(tasks.length === 0 ? {} : { tasks }),
    tabs,
    ...(given.portForwards.length === 0 ? {} : { portForwards: given.portForwards }),
    ...(Object.keys(conditions).length === 0 ? {} : { initConditions: conditions }),
  }
}

import { machineMac } from '@ramet/engine/network/plan.ts'
import type { RunPlan } from '@ramet/engine/run/run-plan.ts'
import type { ManifestSpec } from '@ramet/model/manifest/manifest.ts'
import { resolveSpec } from '@ramet/model/plan/defaults.ts'

/** A playground's spec, checked before, with every default and address filled in. Pure. */
export function makeRunPlan(given: ManifestSpec): RunPlan {
  const { networks, machines, tasks } = resolveSpec(given)
  return {
    networks: networks.map(({ name, subnet, gateway, private: isPrivate }) => ({ name, subnet, gateway, private: isPrivate })),
    machines: machines.map((machine, machineIndex) => ({
      ...machine,
      interfaces: machine.interfaces.map(({ index, ...resolved }) => ({ ...resolved, mac: machineMac(machineIndex, index) })),
    })),
    ...(tasks.length === 0 ? {} : { tasks }),
  }
}

import { type Fault, fault } from '../errors/fault.ts'
import { conditionFaults } from './condition-rules.ts'
import { totalDriveFaults } from './drive-rules.ts'
import { machineFaults } from './machine-rules.ts'
import type { ManifestSpec } from './manifest.ts'
import { duplicates, knownMachine } from './names-in-spec.ts'
import { networkFaults } from './network-rules.ts'
import { tabFaults } from './tab-rules.ts'
import { taskFaults } from './task-rules.ts'

/**
 * Rules that span fields. Expects what the schema let through and, unless `partial`, what a base has to add already filled in.
 * Paths are relative to the spec.
 */
export function ruleFaults(spec: ManifestSpec, { partial = false }: { partial?: boolean } = {}): Fault[] {
  return [
    ...(spec.machines.length === 0 && !partial
      ? [
          fault(
            'missing_field',
            ['machines'],
            'A playground needs at least one machine.',
            'List 1 to 5 under `machines`.',
            'missing',
          ),
        ]
      : []),
    ...duplicates('network', spec.networks, ['networks']),
    ...duplicates('machine', spec.machines, ['machines']),
    ...spec.machines.flatMap((machine, index) => machineFaults(machine, ['machines', index], partial)),
    ...networkFaults(spec, partial),
    ...totalDriveFaults(spec),
    ...tabFaults(spec, partial),
    ...taskFaults(spec, partial),
    ...conditionFaults(spec, partial),
    ...spec.portForwards.flatMap(({ machine }, index) =>
      knownMachine(spec, machine, ['portForwards', index, 'machine'], partial),
    ),
  ]
}

import { type Fault, fault, type Path } from '../errors/fault.ts'
import { formatBytes, parseBytes } from '../units/bytes.ts'
import { driveFaults } from './drive-rules.ts'
import { limits, type ManifestMachine } from './manifest.ts'
import { duplicates } from './names-in-spec.ts'

/** Users, memory and drives of one machine. */
export function machineFaults(machine: ManifestMachine, path: Path, partial: boolean): Fault[] {
  const faults = duplicates('user', machine.users, [...path, 'users'])
  const marked = machine.users.flatMap((user, index) => (user.default ? [index] : []))
  if (marked.length > 1) {
    faults.push(
      fault(
        'invalid_value',
        [...path, 'users', marked[1] as number, 'default'],
        `The machine ${machine.name} has two default users.`,
        'Mark one.',
      ),
    )
  }
  const ram = machine.resources?.ramSize
  const ramBytes = ram === undefined ? undefined : parseBytes(ram)
  if (ramBytes !== undefined && (ramBytes < limits.minRamBytes || ramBytes > limits.maxRamBytes)) {
    const hint = `From ${formatBytes(limits.minRamBytes)} to ${formatBytes(limits.maxRamBytes)}.`
    faults.push(
      fault(
        'invalid_value',
        [...path, 'resources', 'ramSize'],
        `The machine ${machine.name} cannot have ${ram} of memory.`,
        hint,
      ),
    )
  }
  return [...faults, ...driveFaults(machine, path, partial)]
}

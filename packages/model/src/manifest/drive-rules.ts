import { type Fault, fault, type Path, warning } from '../errors/fault.ts'
import { defaults } from '../plan/defaults.ts'
import { formatBytes, parseBytes } from '../units/bytes.ts'
import { limits, type ManifestDrive, type ManifestMachine, type ManifestSpec } from './manifest.ts'

/** Below this ext4 has no room for a journal. */
const minDriveBytes = 16 * 1024 ** 2

/** The drives of one machine; with `partial` its base may have them. */
export function driveFaults(machine: ManifestMachine, path: Path, partial: boolean): Fault[] {
  const faults: Fault[] = []
  if (machine.drives.length === 0) {
    if (partial) return []
    const hint = 'Such as: drives: [{ source: debian-stable, mount: / }]'
    return [fault('missing_field', [...path, 'drives'], `The machine ${machine.name} has no drives.`, hint, 'missing')]
  }
  const roots = machine.drives.flatMap(({ mount }, index) => (mount === '/' ? [index] : []))
  if (roots.length === 0) {
    const hint = 'Give its first drive `mount: /`.'
    faults.push(
      fault('missing_field', [...path, 'drives'], `No drive of the machine ${machine.name} is mounted at /.`, hint, 'missing'),
    )
  } else if (roots[0] !== 0) {
    faults.push(
      warning(
        'root_drive_moved',
        [...path, 'drives', roots[0] as number, 'mount'],
        `The root drive of the machine ${machine.name} becomes its first, vda.`,
        'Move it to the top of the list.',
      ),
    )
  }
  for (const [index, drive] of machine.drives.entries())
    faults.push(...oneDriveFaults(machine, drive, index, [...path, 'drives', index]))
  return faults
}

function oneDriveFaults(machine: ManifestMachine, drive: ManifestDrive, index: number, path: Path): Fault[] {
  const faults: Fault[] = []
  const { mount, source, size } = drive
  if (mount !== undefined && machine.drives.findIndex((other) => other.mount === mount) < index) {
    faults.push(
      fault(
        'duplicate_name',
        [...path, 'mount'],
        `The machine ${machine.name} mounts two drives at ${mount}.`,
        'Give each a place of its own.',
      ),
    )
  }
  if (mount === '/' && source === undefined) {
    faults.push(
      fault(
        'missing_field',
        [...path, 'source'],
        `The root drive of ${machine.name} has no source.`,
        'Such as: source: debian-stable',
        'missing',
      ),
    )
  }
  if (mount === '/' && drive.readOnly) {
    faults.push(
      fault(
        'invalid_value',
        [...path, 'readOnly'],
        `The root drive of ${machine.name} cannot be read-only.`,
        'Leave `readOnly` out.',
      ),
    )
  }
  if (drive.partitioned !== undefined && mount !== '/') {
    faults.push(
      fault(
        'invalid_value',
        [...path, 'partitioned'],
        `Only the root drive of ${machine.name} can begin partitioned.`,
        'Leave `partitioned` out, and partition the drive inside the machine.',
      ),
    )
  }
  if (drive.readOnly && source === undefined && mount !== '/') {
    faults.push(
      fault(
        'invalid_value',
        [...path, 'readOnly'],
        `An empty drive of ${machine.name} that is read-only stays empty.`,
        'Give it a `source`, or leave `readOnly` out.',
      ),
    )
  }
  if (source === undefined && size === undefined && mount !== '/') {
    faults.push(
      fault(
        'missing_field',
        [...path, 'size'],
        `An empty drive of ${machine.name} has no size.`,
        'Such as: size: 5GiB',
        'missing',
      ),
    )
  }
  const bytes = size === undefined ? undefined : parseBytes(size)
  if (bytes !== undefined && bytes > limits.driveBytes) {
    const hint = `A drive may have at most ${formatBytes(limits.driveBytes)}.`
    faults.push(fault('drive_too_big', [...path, 'size'], `A drive of ${size} is too big.`, hint))
  } else if (bytes !== undefined && bytes < minDriveBytes) {
    faults.push(
      fault('invalid_value', [...path, 'size'], `A drive of ${size} is too small.`, `At least ${formatBytes(minDriveBytes)}.`),
    )
  }
  return faults
}

/** All drives of the playground together. */
export function totalDriveFaults(spec: ManifestSpec): Fault[] {
  let total = 0
  for (const [m, machine] of spec.machines.entries()) {
    for (const [d, { size }] of machine.drives.entries()) {
      const bytes = parseBytes(size ?? defaults.driveSize) ?? 0
      // A drive too big by itself has been told.
      if (bytes > limits.driveBytes) return []
      total += bytes
      if (total > limits.drivesBytes) {
        const message = `With this drive the drives of the playground come to ${formatBytes(total)} or more.`
        return [
          fault(
            'drive_too_big',
            ['machines', m, 'drives', d, 'size'],
            message,
            `At most ${formatBytes(limits.drivesBytes)} in all.`,
          ),
        ]
      }
    }
  }
  return []
}

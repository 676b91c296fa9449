import { closest } from '../errors/closest.ts'
import { type Fault, fault, type Path } from '../errors/fault.ts'
import { defaults } from '../plan/defaults.ts'
import { formatBytes, parseBytes } from '../units/bytes.ts'
import { oneVisibleLine } from '../units/visible-text.ts'
import { limits, type ManifestDrive, type ManifestMachine, type ManifestSpec } from './manifest.ts'
import { networkFaults } from './network-rules.ts'

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
    ...spec.portForwards.flatMap(({ machine }, index) =>
      knownMachine(spec, machine, ['portForwards', index, 'machine'], partial),
    ),
  ]
}

function duplicates(what: string, items: readonly { readonly name: string }[], path: Path): Fault[] {
  return items.flatMap(({ name }, index) =>
    items.findIndex((other) => other.name === name) < index
      ? [
          fault(
            'duplicate_name',
            [...path, index, 'name'],
            `There is already a ${what} named ${name}.`,
            `Give each ${what} a name of its own.`,
          ),
        ]
      : [],
  )
}

function machineFaults(machine: ManifestMachine, path: Path, partial: boolean): Fault[] {
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

function driveFaults(machine: ManifestMachine, path: Path, partial: boolean): Fault[] {
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
      fault(
        'invalid_value',
        [...path, 'drives', roots[0] as number, 'mount'],
        `The root drive of the machine ${machine.name} must be its first.`,
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

/** Below this ext4 has no room for a journal. */
const minDriveBytes = 16 * 1024 ** 2

function totalDriveFaults(spec: ManifestSpec): Fault[] {
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

function knownMachine(spec: ManifestSpec, name: string | undefined, path: Path, partial: boolean): Fault[] {
  const names = spec.machines.map((machine) => machine.name)
  if (name === undefined || names.includes(name) || (partial && names.length === 0)) return []
  const near = closest(name, names)
  return [
    fault(
      'unknown_machine',
      path,
      `There is no machine ${name}.`,
      `${near === undefined ? '' : `Did you mean ${near}? `}There are: ${names.join(', ')}.`,
    ),
  ]
}

function tabFaults(spec: ManifestSpec, partial: boolean): Fault[] {
  return spec.tabs.flatMap((tab, index) => {
    const path = ['tabs', index]
    const kind = tab.kind ?? 'terminal'
    const faults = knownMachine(spec, tab.machine, [...path, 'machine'], partial)
    const missing = (field: string, hint: string) =>
      faults.push(fault('missing_field', [...path, field], `A tab of kind ${kind} needs a \`${field}\`.`, hint, 'missing'))
    if ((kind === 'http-port' || kind === 'web-page') && tab.name === undefined) missing('name', 'It is shown on the tab.')
    if (kind === 'http-port' && tab.number === undefined) missing('number', 'The port inside the machine, such as 80.')
    if (kind === 'web-page' && tab.url === undefined) missing('url', 'Such as https://www.kernel.org/doc/.')
    if (tab.url !== undefined && !/^(https?:\/\/|\/)/i.test(tab.url)) {
      faults.push(fault('invalid_value', [...path, 'url'], 'A tab shows only http and https pages.', 'Begin it with https://.'))
    }
    if (tab.name !== undefined && !oneVisibleLine.test(tab.name)) {
      const message = `The tab ${JSON.stringify(tab.name)} cannot be called so.`
      faults.push(fault('invalid_value', [...path, 'name'], message, 'Use one line without control characters.'))
    }
    if (tab.id !== undefined && spec.tabs.findIndex((other) => other.id === tab.id) < index) {
      faults.push(fault('duplicate_name', [...path, 'id'], `There is already a tab with the id ${tab.id}.`, 'Leave `id` out.'))
    }
    return faults
  })
}

function taskFaults(spec: ManifestSpec, partial: boolean): Fault[] {
  const tasks = new Map(Object.entries(spec.initTasks ?? {}))
  const faults: Fault[] = []
  if (tasks.size > limits.initTasks) {
    const message = `\`initTasks\` has ${tasks.size} entries; at most ${limits.initTasks} are allowed.`
    return [fault('too_many', ['initTasks'], message, `Leave out ${tasks.size - limits.initTasks} of them.`, 'key')]
  }
  for (const [name, task] of tasks) {
    const path = ['initTasks', name]
    if (!taskNamePattern.test(name)) {
      faults.push(
        fault(
          'invalid_value',
          path,
          `A task cannot be called ${JSON.stringify(name.slice(0, 80))}.`,
          'Use up to 63 letters, digits, dots, - and _, beginning with a letter or digit.',
          'key',
        ),
      )
    }
    faults.push(...knownMachine(spec, task.machine, [...path, 'machine'], partial))
    for (const [index, need] of task.needs.entries()) {
      if (tasks.has(need)) continue
      faults.push(
        fault(
          'unknown_task',
          [...path, 'needs', index],
          `The task ${name} needs ${need}, which does not exist.`,
          `There are: ${[...tasks.keys()].join(', ')}.`,
        ),
      )
    }
  }
  const cycle = findCycle(tasks)
  if (cycle) {
    faults.push(
      fault(
        'task_cycle',
        ['initTasks', cycle[0] as string, 'needs'],
        `These tasks wait for each other: ${cycle.join(' → ')}.`,
        'Take one of the needs away.',
      ),
    )
  }
  return faults
}

/** Names a folder in the guest. */
const taskNamePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/

function findCycle(tasks: ReadonlyMap<string, { readonly needs: readonly string[] }>): string[] | undefined {
  const finished = new Set<string>()
  const visit = (name: string, trail: readonly string[]): string[] | undefined => {
    const at = trail.indexOf(name)
    if (at >= 0) return [...trail.slice(at), name]
    if (finished.has(name)) return undefined
    for (const need of tasks.get(name)?.needs ?? []) {
      const cycle = visit(need, [...trail, name])
      if (cycle) return cycle
    }
    finished.add(name)
    return undefined
  }
  for (const name of tasks.keys()) {
    const cycle = visit(name, [])
    if (cycle) return cycle
  }
  return undefined
}

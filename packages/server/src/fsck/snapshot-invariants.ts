import type { Finding } from '@ramet/model/api/host.ts'
import type { AllRows } from '../store/all-rows.ts'
import type { SnapshotMachineRow } from '../store/schema.ts'
import type { Sight } from './look.ts'

/** A snapshot has only machines of its origin, its files exist with their recorded lengths, and no other files are there. */
export function snapshotFindings(sight: Sight): Finding[] {
  const { rows, files } = sight
  const machinesOf = Map.groupBy(rows.snapshot_machines, ({ snapshot_id }) => snapshot_id)
  const drivesOf = Map.groupBy(rows.snapshot_drives, ({ snapshot_id }) => snapshot_id)
  const held = new Set([
    ...rows.runs.flatMap(({ resume_from, maps_snapshot }) => [resume_from, maps_snapshot]),
    ...rows.warm_starts.map(({ snapshot_id }) => snapshot_id),
  ])
  const originMachines = machinesOfOrigins(rows)
  const findings = rows.snapshots.flatMap(({ id, origin_kind, origin_id }) => {
    const found: Finding[] = []
    const say = (code: string, message: string) => found.push({ code, subject: `snapshot ${id}`, message })
    const machines = machinesOf.get(id) ?? []
    const names = new Set(machines.map(({ machine }) => machine))
    // Machines that were off when it was taken are not in it.
    const expected = originMachines(origin_kind, origin_id)
    const unknown = [...names].filter((name) => expected && !expected.includes(name))
    if (names.size === 0) say('snapshot_incomplete', 'It has no machines.')
    if (unknown.length > 0) say('snapshot_incomplete', `It has machines that its origin lacks: [${unknown.join(' ')}].`)
    for (const machine of machines) checkFiles(machine, files, say)
    for (const { machine } of drivesOf.get(id) ?? []) {
      if (!names.has(machine)) say('snapshot_incomplete', `It has a drive of ${machine}, but not its memory.`)
    }
    if (!held.has(id)) say('snapshot_unheld', 'Nothing is to resume from it, and no machine has it mapped.')
    return found
  })
  return [...findings, ...leaks(sight)]
}

function checkFiles(
  { machine, device_state_file, ram_file, ram_bytes, ram_form, ram_file_bytes }: SnapshotMachineRow,
  files: Sight['files'],
  say: (code: string, message: string) => void,
): void {
  for (const file of [device_state_file, ram_file]) {
    if (files.get(file)?.kind !== 'file') say('snapshot_file_missing', `${file} of ${machine} is not there.`)
  }
  const size = files.get(ram_file)?.sizeBytes
  const expectedBytes = ram_form === 'plain' ? ram_bytes : ram_file_bytes
  if (size !== undefined && expectedBytes !== null && size !== expectedBytes)
    say('snapshot_file_short', `${ram_file} has ${size} bytes, ${expectedBytes} are needed.`)
}

/** An unfinished snapshot has a temporary name, and is a finding only when it is old. */
function leaks({ rows, files }: Sight): Finding[] {
  const known = new Set(rows.snapshots.map(({ id }) => id))
  const accounted = new Set(rows.snapshot_machines.flatMap(({ device_state_file, ram_file }) => [device_state_file, ram_file]))
  return [...files.keys()].flatMap((path): Finding[] => {
    const [room, id, name] = path.split('/')
    if (room !== 'snapshots' || id === undefined || id.endsWith('.tmp') || name?.endsWith('.tmp')) return []
    if (!known.has(id) && name === undefined)
      return [{ code: 'snapshot_folder_leaked', subject: path, message: 'No snapshot accounts for this folder.' }]
    if (known.has(id) && name !== undefined && !accounted.has(path))
      return [{ code: 'snapshot_file_leaked', subject: path, message: 'No machine of the snapshot accounts for this file.' }]
    return []
  })
}

/** Names of the machines of a snapshot's origin; undefined when the origin is no longer known. */
function machinesOfOrigins(rows: AllRows): (kind: string, id: string) => string[] | undefined {
  const plans = new Map(rows.runs.map(({ id, plan }) => [id, plan]))
  const specs = new Map(rows.playgrounds.map(({ id, spec }) => [id, spec]))
  return (kind, id) => {
    const text = kind === 'run' ? plans.get(id) : specs.get(id)
    try {
      const { machines } = JSON.parse(text ?? '') as { machines: { name: string }[] }
      return machines.map(({ name }) => name)
    } catch {
      return undefined
    }
  }
}

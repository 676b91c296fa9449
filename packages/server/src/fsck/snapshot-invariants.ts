import type { Finding } from '@ramet/model/api/host.ts'
import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import type { Sight } from './look.ts'

/** A snapshot has machines of its origin, everything that it needs is there and as long as it was, and no file is there that none accounts for. */
export function snapshotFindings({ rows, files }: Sight): Finding[] {
  const findings = rows.snapshots.flatMap(({ id, origin_kind, origin_id }) => {
    const findings: Finding[] = []
    const say = (code: string, message: string) => findings.push({ code, subject: `snapshot ${id}`, message })
    const machines = rows.snapshot_machines.filter(({ snapshot_id }) => snapshot_id === id)
    const names = machines.map(({ machine }) => machine)
    // Machines that were off when it was taken are not in it.
    const expected = machinesOf(origin_kind, origin_id)
    const unknown = names.filter((name) => expected && !expected.includes(name))
    if (names.length === 0) say('snapshot_incomplete', 'It has no machines.')
    if (unknown.length > 0) say('snapshot_incomplete', `It has machines that its origin lacks: [${unknown.join(' ')}].`)
    for (const { machine, device_state_file, ram_file, ram_bytes, ram_form, ram_file_bytes } of machines) {
      for (const file of [device_state_file, ram_file]) {
        if (files.get(file)?.kind !== 'file') say('snapshot_file_missing', `${file} of ${machine} is not there.`)
      }
      const size = files.get(ram_file)?.sizeBytes
      const expectedBytes = ram_form === 'plain' ? ram_bytes : ram_file_bytes
      if (size !== undefined && expectedBytes !== null && size !== expectedBytes)
        say('snapshot_file_short', `${ram_file} has ${size} bytes, ${expectedBytes} are needed.`)
    }
    for (const drive of rows.snapshot_drives) {
      if (drive.snapshot_id === id && !names.includes(drive.machine))
        say('snapshot_incomplete', `It has a drive of ${drive.machine}, but not its memory.`)
    }
    if (!isHeld(id)) say('snapshot_unheld', 'Nothing is to resume from it, and no machine has it mapped.')
    return findings
  })
  return [...findings, ...leaks()]

  function isHeld(id: string): boolean {
    return (
      rows.runs.some(({ resume_from, maps_snapshot }) => resume_from === id || maps_snapshot === id) ||
      rows.warm_starts.some(({ snapshot_id }) => snapshot_id === id)
    )
  }

  /** One in the making has a temporary name, which is judged by its age. */
  function leaks(): Finding[] {
    const known = new Set(rows.snapshots.map(({ id }) => id))
    const accounted = new Set(rows.snapshot_machines.flatMap(({ device_state_file, ram_file }) => [device_state_file, ram_file]))
    return [...files.keys()].flatMap((path): Finding[] => {
      const [overlay, id, name] = path.split('/')
      if (overlay !== 'snapshots' || id === undefined || id.endsWith('.tmp') || name?.endsWith('.tmp')) return []
      if (!known.has(id) && name === undefined)
        return [{ code: 'snapshot_folder_leaked', subject: path, message: 'No snapshot accounts for this folder.' }]
      if (known.has(id) && name !== undefined && !accounted.has(path))
        return [{ code: 'snapshot_file_leaked', subject: path, message: 'No machine of the snapshot accounts for this file.' }]
      return []
    })
  }

  function machinesOf(kind: string, originId: string): string[] | undefined {
    const text =
      kind === 'run'
        ? rows.runs.find(({ id }) => id === originId)?.plan
        : rows.playgrounds.find(({ id }) => id === originId)?.spec
    try {
      return text === undefined ? undefined : (JSON.parse(text) as Pick<RunPlan, 'machines'>).machines.map(({ name }) => name)
    } catch {
      return undefined
    }
  }
}

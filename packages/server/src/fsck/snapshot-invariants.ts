import type { RunPlan } from '@ramet/engine/run/run-plan.ts'
import type { Finding } from '@ramet/model/wire.ts'
import type { Sight } from './look.ts'

/** A snapshot has all machines of its origin or is none, and everything that it needs is there. */
export function snapshotFindings({ rows, files }: Sight): Finding[] {
  return rows.snapshots.flatMap(({ id, origin_kind, origin_id }) => {
    const findings: Finding[] = []
    const say = (code: string, message: string) => findings.push({ code, subject: `snapshot ${id}`, message })
    const machines = rows.snapshot_machines.filter(({ snapshot_id }) => snapshot_id === id)
    const names = machines.map(({ machine }) => machine)
    const expected = machinesOf(origin_kind, origin_id)
    const missing = (expected ?? []).filter((name) => !names.includes(name))
    if (names.length === 0 || missing.length > 0) say('snapshot_incomplete', `It lacks the machines [${missing.join(' ')}].`)
    for (const { machine, device_state_file, ram_file, ram_bytes } of machines) {
      for (const file of [device_state_file, ram_file]) {
        if (files.get(file)?.kind !== 'file') say('snapshot_file_missing', `${file} of ${machine} is not there.`)
      }
      const size = files.get(ram_file)?.sizeBytes
      if (size !== undefined && size < ram_bytes)
        say('snapshot_file_short', `${ram_file} has ${size} bytes, ${ram_bytes} are needed.`)
    }
    for (const drive of rows.snapshot_drives) {
      if (drive.snapshot_id === id && !names.includes(drive.machine))
        say('snapshot_incomplete', `It has a drive of ${drive.machine}, but not its memory.`)
    }
    return findings
  })

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

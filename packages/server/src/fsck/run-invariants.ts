import type { Finding } from '@ramet/model/api/host.ts'
import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import { isGone, isMoving, isOff } from '@ramet/model/run/run-state.ts'
import type { RunRow } from '../store/schema.ts'
import type { Sight } from './look.ts'

/** What must hold of runs, their rows and their files. Files of a run that is on its way somewhere are not judged: it is making or removing them. */
export function runFindings(sight: Sight): Finding[] {
  return [...sight.rows.runs.flatMap((run) => oneRun(run, sight)), ...strayFolders(sight)]
}

function oneRun(run: RunRow, { rows, files }: Sight): Finding[] {
  const subject = `run ${run.id}`
  const findings: Finding[] = []
  const say = (code: string, message: string) => findings.push({ code, subject, message })
  const drives = rows.drives.filter(({ run_id }) => run_id === run.id)
  const machines = rows.run_machines.filter(({ run_id }) => run_id === run.id)
  const last = rows.state_events.filter(({ run_id }) => run_id === run.id).toSorted((a, b) => b.seq - a.seq)[0]
  if (last && last.state !== run.state) say('run_history', `Its state is ${run.state}, its last event says ${last.state}.`)
  if (run.resume_from !== null && !rows.snapshots.some(({ id }) => id === run.resume_from)) {
    say('run_snapshot_missing', `It is to resume from the snapshot ${run.resume_from}, which does not exist.`)
  }
  findings.push(...resumeFindings(run, drives, rows))
  if (run.state === 'DESTROYED') {
    if (drives.length > 0) say('run_destroyed_holds', `It is destroyed, yet ${drives.length} drives of it hold layers.`)
    return findings
  }
  const plan = planOf(run)
  if (!plan) {
    say('run_plan', 'Its plan cannot be read.')
    return findings
  }
  const planned = plan.machines.map(({ name }) => name).join(' ')
  const found = machines
    .toSorted((a, b) => a.machine_index - b.machine_index)
    .map(({ name }) => name)
    .join(' ')
  if (planned !== found) say('run_machines', `Its plan has the machines [${planned}], the store has [${found}].`)
  if (run.state === 'RUNNING' && run.failure !== null) say('run_failure', 'It is RUNNING and has a failure.')

  const wanted = plan.machines.flatMap((machine) => machine.drives.map((_, index) => `${machine.name}-${index}`)).toSorted()
  const had = drives.map((drive) => `${drive.machine}-${drive.drive_index}`).toSorted()
  // Drives get their rows once the images are there: before, there are none.
  const mayHaveNone = run.state !== 'RUNNING'
  if (wanted.join() !== had.join() && !(mayHaveNone && had.length === 0) && run.state !== 'DESTROYING') {
    say('run_drives', `Its plan has the drives [${wanted.join(' ')}], the store has [${had.join(' ')}].`)
  }
  if (isMoving(run.state)) return findings

  const folder = `runs/${run.id}/drives/`
  const folderOwner = files.get(folder.slice(0, -1))?.uid
  const sealed = new Map(
    rows.layers.filter(({ state }) => state === 'sealed').map(({ id, file }) => [files.get(file)?.identity, id]),
  )
  for (const { overlay, machine, drive_index } of drives) {
    if (overlay === null) continue
    const file = files.get(folder + overlay)
    const subjectOfDrive = `The writable file of ${machine}[${drive_index}], ${folder}${overlay},`
    if (file?.kind !== 'file') say('top_missing', `${subjectOfDrive} is not there.`)
    else if (sealed.has(file.identity)) say('top_sealed', `${subjectOfDrive} is that of the layer ${sealed.get(file.identity)}.`)
    else if (file.uid !== folderOwner || (file.mode & 0o200) === 0)
      say('top_not_writable', `${subjectOfDrive} cannot be written by its VM.`)
  }
  const overlays = new Set(drives.flatMap(({ overlay, next_overlay }) => [overlay, next_overlay]))
  for (const file of files.keys()) {
    if (!file.startsWith(folder) || overlays.has(file.slice(folder.length))) continue
    findings.push({ code: 'top_leaked', subject: file, message: 'No drive accounts for this file.' })
  }
  return findings
}

/**
 * A run resumes only under drives that read as they did when the snapshot was taken: standing on the very layers, without overlays. (One that is on its way up may
 * have empty overlays already.) And what is off has nothing mapped.
 */
function resumeFindings(run: RunRow, drives: Sight['rows']['drives'], rows: Sight['rows']): Finding[] {
  const subject = `run ${run.id}`
  const findings: Finding[] = []
  const say = (code: string, message: string) => findings.push({ code, subject, message })
  if (run.maps_snapshot !== null && (isOff(run.state) || isGone(run.state)))
    say('run_maps_snapshot', `It is ${run.state}, yet it is said to have the snapshot ${run.maps_snapshot} mapped.`)
  if (run.resume_from === null) return findings
  if (run.state === 'RUNNING' || isGone(run.state))
    say('run_would_resume', `It is ${run.state}, yet it is to resume from the snapshot ${run.resume_from}.`)
  const captured = rows.snapshot_drives.filter(({ snapshot_id }) => snapshot_id === run.resume_from)
  for (const { machine, drive_index, layer_id } of captured) {
    const drive = drives.find((each) => each.machine === machine && each.drive_index === drive_index)
    if (drive?.layer_id !== layer_id)
      say(
        'run_snapshot_elsewhere',
        `The drive ${machine}[${drive_index}] stands on ${drive?.layer_id}, its snapshot on ${layer_id}.`,
      )
    if (drive?.overlay && isOff(run.state))
      say('run_snapshot_elsewhere', `The drive ${machine}[${drive_index}] may have been written to since its snapshot was taken.`)
  }
  return findings
}

function planOf(run: RunRow): RunPlan | undefined {
  try {
    const plan = JSON.parse(run.plan) as RunPlan
    return Array.isArray(plan.machines) ? plan : undefined
  } catch {
    return undefined
  }
}

/** A folder is removed under a temporary name; both names belong to the run while it is being destroyed. */
function strayFolders({ rows, files }: Sight): Finding[] {
  const states = new Map(rows.runs.map(({ id, state }) => [id, state]))
  return [...files.keys()].flatMap((path): Finding[] => {
    const [overlay, name, ...below] = path.split('/')
    if (overlay !== 'runs' || name === undefined || below.length > 0) return []
    const id = name.replace(/\.tmp$/, '')
    const state = states.get(id)
    if (state === undefined) return [{ code: 'run_folder_leaked', subject: path, message: 'There is no such run.' }]
    if (state === 'DESTROYED') return [{ code: 'run_folder_leaked', subject: path, message: 'Its run is destroyed.' }]
    if (name !== id && state !== 'DESTROYING')
      return [{ code: 'leftover_temporary', subject: path, message: 'Left over from something interrupted.' }]
    return []
  })
}

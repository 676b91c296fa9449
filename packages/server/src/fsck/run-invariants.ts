import type { Finding } from '@ramet/model/api/host.ts'
import { parseRunPlan } from '@ramet/model/plan/run-plan.ts'
import { isGone, isMoving, isOff } from '@ramet/model/run/run-state.ts'
import { isTransient } from '../runs/drive-rows.ts'
import type { AllRows } from '../store/all-rows.ts'
import type { DriveRow, RunMachineRow, RunRow } from '../store/schema.ts'
import type { FileSight, Sight } from './look.ts'

/** A run with its rows and files. */
interface Whole {
  readonly run: RunRow
  readonly drives: readonly DriveRow[]
  readonly machines: readonly RunMachineRow[]
  /** State in its last state event. */
  readonly lastState: string | undefined
  /** Layers of the snapshot that it will resume; undefined when there is no such snapshot. */
  readonly captured: AllRows['snapshot_drives'] | undefined
  /** Files in its folder of overlays, by name, and the owner of the folder. */
  readonly overlays: ReadonlyMap<string, FileSight>
  readonly folderOwner: number | undefined
}

type Say = (code: string, message: string) => void

/** Invariants of runs, their rows and their files. Files of a run that is starting or stopping are not checked: it is making or removing them. */
export function runFindings(sight: Sight): Finding[] {
  const layerOf = new Map<string, string>()
  for (const { id, file, state } of sight.rows.layers) {
    const identity = sight.files.get(file)?.identity
    if (state === 'sealed' && identity !== undefined) layerOf.set(identity, id)
  }
  return [...wholeRuns(sight).flatMap((run) => findingsOf(run, layerOf)), ...strayFolders(sight)]
}

function wholeRuns({ rows, files }: Sight): Whole[] {
  const drives = Map.groupBy(rows.drives, ({ run_id }) => run_id)
  const machines = Map.groupBy(rows.run_machines, ({ run_id }) => run_id)
  const events = Map.groupBy(rows.state_events, ({ run_id }) => run_id)
  const captured = Map.groupBy(rows.snapshot_drives, ({ snapshot_id }) => snapshot_id)
  const snapshots = new Set(rows.snapshots.map(({ id }) => id))
  const overlays = new Map<string, Map<string, FileSight>>()
  for (const [path, file] of files) {
    const [, runId = '', name = ''] = /^runs\/([^/]+)\/drives\/(.+)$/.exec(path) ?? []
    if (runId === '') continue
    if (!overlays.has(runId)) overlays.set(runId, new Map())
    overlays.get(runId)?.set(name, file)
  }
  return rows.runs.map((run) => ({
    run,
    drives: drives.get(run.id) ?? [],
    machines: machines.get(run.id) ?? [],
    lastState: events.get(run.id)?.reduce((last, event) => (event.seq > last.seq ? event : last)).state,
    captured: run.resume_from === null || !snapshots.has(run.resume_from) ? undefined : (captured.get(run.resume_from) ?? []),
    overlays: overlays.get(run.id) ?? new Map(),
    folderOwner: files.get(`runs/${run.id}/drives`)?.uid,
  }))
}

function findingsOf(whole: Whole, layerOf: ReadonlyMap<string, string>): Finding[] {
  const { run, drives, lastState } = whole
  const findings: Finding[] = []
  const say: Say = (code, message) => findings.push({ code, subject: `run ${run.id}`, message })
  if (lastState !== undefined && lastState !== run.state)
    say('run_history', `Its state is ${run.state}, its last event says ${lastState}.`)
  if (run.state === 'RUNNING' && run.failure !== null) say('run_failure', 'It is RUNNING and has a failure.')
  checkMemory(whole, say)
  if (run.state === 'DESTROYED') {
    if (drives.length > 0) say('run_destroyed_holds', `It is destroyed, yet ${drives.length} drives of it hold layers.`)
    return findings
  }
  checkAgainstPlan(whole, say)
  if (isMoving(run.state)) return findings
  checkOverlays(whole, layerOf, say)
  const known = new Set(drives.flatMap(({ overlay, next_overlay }) => [overlay, next_overlay]))
  for (const name of whole.overlays.keys()) {
    if (known.has(name)) continue
    const subject = `runs/${run.id}/drives/${name}`
    findings.push({ code: 'top_leaked', subject, message: 'No drive accounts for this file.' })
  }
  return findings
}

/** A run has the machines and drives of its plan. An unreadable plan is a finding of another check. */
function checkAgainstPlan({ run, machines, drives }: Whole, say: Say): void {
  const parsed = parseRunPlan(run.plan)
  if ('unreadable' in parsed) return
  const { plan } = parsed
  const planned = plan.machines.map(({ name }) => name).join(' ')
  const found = machines
    .toSorted((a, b) => a.machine_index - b.machine_index)
    .map(({ name }) => name)
    .join(' ')
  if (planned !== found) say('run_machines', `Its plan has the machines [${planned}], the store has [${found}].`)
  // Drives get their rows once the images are there: before, there are none. Those that keep nothing have one while they are on.
  const mayHaveNone = run.state !== 'RUNNING'
  const isKept = (machine: string, index: number) => !mayHaveNone || !isTransient(plan.machines, machine, index)
  const wanted = plan.machines
    .flatMap(({ name, drives }) => drives.flatMap((_, index) => (isKept(name, index) ? [`${name}-${index}`] : [])))
    .toSorted()
  const had = drives
    .filter(({ machine, drive_index }) => isKept(machine, drive_index))
    .map((drive) => `${drive.machine}-${drive.drive_index}`)
    .toSorted()
  if (wanted.join() !== had.join() && !(mayHaveNone && had.length === 0) && run.state !== 'DESTROYING')
    say('run_drives', `Its plan has the drives [${wanted.join(' ')}], the store has [${had.join(' ')}].`)
}

/** Each overlay exists, is no layer's file, and is writable for its VM. */
function checkOverlays({ run, drives, overlays, folderOwner }: Whole, layerOf: ReadonlyMap<string, string>, say: Say): void {
  for (const { overlay, machine, drive_index } of drives) {
    if (overlay === null) continue
    const file = overlays.get(overlay)
    const subject = `The writable file of ${machine}[${drive_index}], runs/${run.id}/drives/${overlay},`
    if (file?.kind !== 'file') say('top_missing', `${subject} is not there.`)
    else if (layerOf.has(file.identity)) say('top_sealed', `${subject} is that of the layer ${layerOf.get(file.identity)}.`)
    // While a run is on, the drives of its machines belong to its own user.
    else if ((isOff(run.state) && file.uid !== folderOwner) || (file.mode & 0o200) === 0)
      say('top_not_writable', `${subject} cannot be written by its VM.`)
  }
}

/**
 * A run resumes only with the drives that its snapshot was taken with: the same layers, without overlays. (A run that is starting may
 * have empty overlays already.) A run that is off has no memory mapped.
 */
function checkMemory({ run, drives, captured }: Whole, say: Say): void {
  if (run.maps_snapshot !== null && (isOff(run.state) || isGone(run.state)))
    say('run_maps_snapshot', `It is ${run.state}, yet it is said to have the snapshot ${run.maps_snapshot} mapped.`)
  if (run.resume_from === null) return
  if (captured === undefined)
    say('run_snapshot_missing', `It is to resume from the snapshot ${run.resume_from}, which does not exist.`)
  if (run.state === 'RUNNING' || isGone(run.state))
    say('run_would_resume', `It is ${run.state}, yet it is to resume from the snapshot ${run.resume_from}.`)
  for (const { machine, drive_index, layer_id } of captured ?? []) {
    const drive = drives.find((each) => each.machine === machine && each.drive_index === drive_index)
    const name = `The drive ${machine}[${drive_index}]`
    if (drive?.layer_id !== layer_id)
      say('run_snapshot_elsewhere', `${name} stands on ${drive?.layer_id}, its snapshot on ${layer_id}.`)
    if (drive?.overlay && isOff(run.state))
      say('run_snapshot_elsewhere', `${name} may have been written to since its snapshot was taken.`)
  }
}

/** A folder is removed under a temporary name; both names belong to the run while it is being destroyed. */
function strayFolders({ rows, files }: Sight): Finding[] {
  const states = new Map(rows.runs.map(({ id, state }) => [id, state]))
  return [...files.keys()].flatMap((path): Finding[] => {
    const [room, name, ...below] = path.split('/')
    if (room !== 'runs' || name === undefined || below.length > 0) return []
    const id = name.replace(/\.tmp$/, '')
    const state = states.get(id)
    if (state === undefined) return [{ code: 'run_folder_leaked', subject: path, message: 'There is no such run.' }]
    if (state === 'DESTROYED') return [{ code: 'run_folder_leaked', subject: path, message: 'Its run is destroyed.' }]
    if (name !== id && state !== 'DESTROYING')
      return [{ code: 'leftover_temporary', subject: path, message: 'Left over from something interrupted.' }]
    return []
  })
}

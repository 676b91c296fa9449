import type { WorkflowName } from '@ramet/engine'
import type { MachineState } from '@ramet/model/run/run-state.ts'
import { settleCut } from '../clone-save/settle-cut.ts'
import { failRunning, followMachinesOff } from '../runs/run.ts'
import { listMachines, readyCondition } from '../store/run-machines.ts'
import { readRun } from '../store/runs.ts'
import type { RunMachineRow } from '../store/schema.ts'
import { endRunningTasks } from '../store/tasks.ts'
import { tasksOn } from '../tasks/task-rows.ts'
import { afterEnd, cameUp, silent } from './machine-watch.ts'
import { ownSteps } from './own-steps.ts'
import { type RunAtWork, toFailure } from './run-at-work.ts'

/** Decides what one machine of a RUNNING run needs. Pure. */
export function machineWorkflow({ wanted, state }: Pick<RunMachineRow, 'wanted' | 'state'>): WorkflowName | undefined {
  switch (wanted) {
    case 'RUNNING':
      return state === 'STARTING' ? 'machine-start' : undefined
    case 'STOPPED':
      return state === 'STOPPING' ? 'machine-stop' : undefined
    case 'REBOOTED':
      return 'machine-reboot'
  }
}

/** Interval of repairs, for instance of a dead resolver: the end of a process that an earlier server started causes no event. */
const lookEveryMs = 10_000

/** A machine that is off in one of these states went off by itself. */
const takenForOn: readonly MachineState[] = ['RUNNING', 'REBOOTING']

/** Watches a RUNNING run: records ends of machines and does what is wanted of each. The run goes off with its last machine. */
export async function lookAfter(run: RunAtWork): Promise<void> {
  await noteEnds(run)
  await settleCut(run.tools.host, run.tools.layers, run.id)
  const rows = await listMachines(run.tools.db, run.id)
  // Wait for all, so that nothing is under way after this.
  const refused = (await Promise.allSettled(rows.map((row) => fulfil(run, row)))).find(({ status }) => status === 'rejected')
  run.signal.throwIfAborted()
  if (refused?.status === 'rejected') throw refused.reason
  await noteEnds(run)
  if (run.tools.host.on(run.id).length > 0) {
    await noteSilent(run)
    await run.perform('keep', await run.names())
    if (run.isUnderWay()) run.settled()
    return run.trigger(lookEveryMs)
  }
  const after = await listMachines(run.tools.db, run.id)
  if (after.some(({ wanted }) => wanted !== 'STOPPED')) return run.trigger()
  const failed = after.find(({ state }) => state === 'FAILED')
  if (!failed) {
    await followMachinesOff(run.tools.db, run.id)
    return run.trigger()
  }
  await failRunning(run.tools.db, run.id, {
    code: 'machine_ended',
    message: readyCondition(failed)?.message ?? `The machine ${failed.name} failed.`,
    hint: `What was synced to its drives is kept. Start it again with: ramet playground restart ${run.id}`,
  })
  run.trigger()
}

async function noteEnds(run: RunAtWork): Promise<void> {
  const { db, host } = run.tools
  const ends = new Map((await host.observe(run.id, run.store)).map(({ machine, end }) => [machine, end]))
  for (const { name, state, wanted } of await listMachines(db, run.id)) {
    const end = ends.get(name)
    // The workflow brings back a machine that goes off instead of rebooting.
    if (end === undefined || wanted !== 'RUNNING' || !takenForOn.includes(state)) continue
    await run.watch.write(name, { ...afterEnd(name, end), from: takenForOn, whileRunning: true, whileWanted: 'RUNNING' })
    await failTasksOn(run, name, 'Its machine went off before it ended.')
  }
}

/**
 * Notes machines that do not answer, for whom no event tells it: an earlier server left them Ready, and this one never reached them. A connection may be missing for a
 * moment, so a machine counts once it was silent at two looks.
 */
async function noteSilent(run: RunAtWork): Promise<void> {
  const silentNow = run.tools.host.on(run.id).filter(({ isReady }) => !isReady)
  for (const { machine, why } of run.watch.silentAgain(silentNow)) await run.watch.write(machine, silent(why))
}

async function failTasksOn(run: RunAtWork, machine: string, reason: string): Promise<void> {
  const { db } = run.tools
  await endRunningTasks(db, run.id, tasksOn(await readRun(db, run.id), machine), reason)
}

async function fulfil(run: RunAtWork, row: RunMachineRow): Promise<void> {
  const { name, wanted } = row
  const workflow = machineWorkflow(row)
  if (!workflow) return
  try {
    if (wanted !== 'STOPPED') await run.take(ownSteps.settleDrives)
    await run.perform(workflow, [name])
    if (wanted === 'STOPPED') {
      await failTasksOn(run, name, 'Its machine was switched off before it ended.')
      await run.watch.write(name, { state: 'STOPPED', whileWanted: wanted })
    } else {
      await run.watch.write(name, { ...cameUp(run.tools.host.on(run.id), name), wanted: 'RUNNING', whileWanted: wanted })
    }
  } catch (error) {
    if (run.signal.aborted || wanted === 'STOPPED') throw error
    run.tools.log.warn({ err: error, run: run.id, machine: name }, 'a machine did not start')
    await run.perform('machine-release', [name])
    await failTasksOn(run, name, 'Its machine did not come up again.')
    const { message } = toFailure(error, run.tools.layers.home)
    await run.watch.write(name, { state: 'FAILED', wanted: 'STOPPED', message, whileRunning: true, whileWanted: wanted })
  }
}

import { RametError } from '@ramet/model/errors/error.ts'
import { isMachineOn } from '@ramet/model/run/run-state.ts'
import { advance, bootNext, noteDestroyed, noteUnmapped } from '../runs/run.ts'
import { listMachines } from '../store/run-machines.ts'
import { mappedBy } from '../store/run-memory.ts'
import { findRun, type Run } from '../store/runs.ts'
import { failRunningTasks, listTasks } from '../store/tasks.ts'
import type { RunAtWork } from './active-run.ts'
import { isNotResumed } from './bring-up.ts'
import { workflowDown } from './choose-workflow.ts'

/** Takes every machine down, and gives back what the run holds of the host. */
export async function switchOff(run: RunAtWork, row: Run): Promise<void> {
  const { db } = run.tools
  const { workflow, during, after, endsGuests } = workflowDown(row, run.tools.host.canKeepMemory(row.plan))
  const names = await run.names()
  await advance(db, run.id, 'STOPPED', during.run)
  if (during.machines) {
    const on = (await listMachines(db, run.id)).filter(({ state }) => isMachineOn(state)).map(({ name }) => name)
    await run.watch.all(during.machines, on)
  }
  await run.tools.host.observe(run.id, run.tools.store(run.id))
  await run.tools.settleCut(run)
  try {
    // Machines that have begun to go on hear first that they were resumed: one that is asleep can neither be flushed nor shut down.
    if (row.memory.kind === 'resuming' && row.failure === undefined) await run.workflow('resume', await wantedOn(run))
    await run.workflow(workflow, names)
  } catch (error) {
    if (error instanceof RametError && error.code === 'memory_not_kept') return run.trigger()
    if (!isNotResumed(error)) throw error
    await bootNext(db, run.id, error.message)
    return run.trigger()
  }
  const now = await findRun(db, run.id)
  if (!now) return
  if (endsGuests) await failTasks(run)
  if (after.machines) await run.watch.all(after.machines, names)
  else await settleMachines(run)
  if (mappedBy(now.memory) !== null) {
    await noteUnmapped(db, run.id)
    await run.tools.collect()
  }
  await advance(db, run.id, 'STOPPED', after.run, now.failure ? { failure: now.failure } : {})
  run.tools.wentOff(run.id)
  run.settled()
}

const wantedOn = async (run: RunAtWork) =>
  (await listMachines(run.tools.db, run.id)).filter(({ wanted }) => wanted !== 'STOPPED').map(({ name }) => name)

async function failTasks({ tools: { db }, id }: RunAtWork): Promise<void> {
  const tasks = await listTasks(db, id)
  await failRunningTasks(
    db,
    id,
    tasks.map(({ name }) => name),
    'Its machine was switched off before it ended.',
  )
}

/** Machines of a failed run are off; one that failed says so on. */
async function settleMachines(run: RunAtWork): Promise<void> {
  for (const { name, state } of await listMachines(run.tools.db, run.id)) {
    if (state !== 'FAILED') await run.watch.write(name, { state: 'STOPPED' })
  }
}

export async function destroyRun(run: RunAtWork): Promise<void> {
  await run.tools.drivesFree(run.id)
  await run.workflow('destroy', await run.names())
  await run.tools.collect()
  await noteDestroyed(run.tools.db, run.id)
  run.settled()
}

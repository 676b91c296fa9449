import { isMachineOn } from '@ramet/model/run/run-state.ts'
import { settleCut } from '../clone-save/settle-cut.ts'
import { bootNext } from '../runs/run.ts'
import { listMachines } from '../store/run-machines.ts'
import { findRun, type Run } from '../store/runs.ts'
import { workflowDown } from './choose-workflow.ts'
import { enterDestroyed, enterMachines, enterState } from './enter-state.ts'
import { bootsAlone, machinesUp } from './machines-up.ts'
import { ownSteps } from './own-steps.ts'
import { isCode, type RunAtWork } from './run-at-work.ts'

/** Takes every machine down, and releases what the run holds of the host. */
export async function switchOff(run: RunAtWork, row: Run): Promise<void> {
  const { db, host, layers } = run.tools
  const { workflow, during, after, endsGuests } = workflowDown(row, host.canKeepMemory(row.plan))
  const names = await run.names()
  await enterState(run, 'STOPPED', during.run)
  if (during.machines) {
    const on = (await listMachines(db, run.id)).filter(({ state }) => isMachineOn(state)).map(({ name }) => name)
    await enterMachines(run, during.machines, on)
  }
  await host.observe(run.id, run.store)
  await settleCut(host, layers, run.id)
  try {
    // Resumed machines are woken first: a guest that is asleep can be neither synced nor shut down.
    if (row.memory.kind === 'resuming' && row.failure === undefined)
      await run.perform('resume', (await machinesUp(db, run.id)).resumed)
    await run.perform(workflow, names)
  } catch (error) {
    if (isCode(error, 'memory_not_kept')) return run.trigger()
    if (!isCode(error, 'not_resumed')) throw error
    await bootNext(db, run.id, error.message)
    return run.trigger()
  }
  await run.take(endsGuests ? ownSteps.endedGuests : ownSteps.keptGuests)
  if (after.machines) {
    await enterMachines(run, after.machines, names)
    if (workflow === 'keep-memory') await noteBootingAlone(run)
  } else await settleMachines(run)
  const now = await findRun(db, run.id)
  await enterState(run, 'STOPPED', after.run, now?.failure ? { failure: now.failure } : {})
  run.tools.wentOff(run.id)
  run.settled()
}

/** Says of machines that did not answer what the next start will do. */
async function noteBootingAlone(run: RunAtWork): Promise<void> {
  for (const name of (await machinesUp(run.tools.db, run.id)).booting)
    await run.watch.write(name, { state: 'STOPPED', message: bootsAlone })
}

/** Final state of a machine of a failed run: off, or still FAILED. */
async function settleMachines(run: RunAtWork): Promise<void> {
  for (const { name, state } of await listMachines(run.tools.db, run.id)) {
    if (state !== 'FAILED') await run.watch.write(name, { state: 'STOPPED' })
  }
}

export async function destroyRun(run: RunAtWork): Promise<void> {
  await run.tools.layers.locks.free(run.id)
  await run.perform('destroy', await run.names())
  await run.take(ownSteps.destroyed)
  await enterDestroyed(run)
  run.settled()
}

import type { Failure } from '@ramet/model/api/wire.ts'
import type { RametError } from '@ramet/model/errors/error.ts'
import { bootNext, failRun } from '../runs/run.ts'
import type { Run } from '../store/runs.ts'
import { workflowUp } from './choose-workflow.ts'
import { enterMachines, enterState } from './enter-state.ts'
import { bootsAlone, machinesUp } from './machines-up.ts'
import { ownSteps } from './own-steps.ts'
import { isCode, type RunAtWork, toFailure } from './run-at-work.ts'

/** Brings up every machine that is wanted on. A failure makes the run FAILED once everything is released. */
export async function bringUp(run: RunAtWork, row: Run): Promise<void> {
  const { layers, log } = run.tools
  const { workflow, during, after } = workflowUp(row)
  try {
    await run.takeSlot()
    if (row.memory.kind === 'borrowed-drives') {
      await run.perform('abandon', await run.names())
      await run.take(ownSteps.returnBorrowed)
    }
    await enterState(run, 'RUNNING', 'WARMING_UP')
    await run.take(ownSteps.chooseLayers)
    await enterState(run, 'RUNNING', during.run)
    await run.take(ownSteps.settleDrives)
    const { resumed, booting } = await machinesUp(run.tools.db, run.id)
    const machines = workflow === 'resume' ? resumed : [...resumed, ...booting]
    if (during.machines) await enterMachines(run, during.machines, machines)
    if (workflow === 'start') await run.take(ownSteps.coldStart)
    await run.perform(workflow, machines)
    // Before the run is RUNNING: after that the user may change what is wanted of a machine.
    if (after.machines) await enterMachines(run, after.machines, machines)
    if (workflow === 'resume')
      for (const name of booting) await run.watch.write(name, { state: 'STARTING', wanted: 'RUNNING', message: bootsAlone })
    await enterState(run, 'RUNNING', after.run, { failure: null })
    run.settled()
    run.trigger()
  } catch (error) {
    if (run.signal.aborted) throw error
    if (isCode(error, 'not_resumed')) return bootInstead(run, error)
    await fail(run, toFailure(error, layers.home))
    log.warn({ err: error, run: run.id }, 'a run did not start')
  } finally {
    run.giveSlotBack()
  }
}

/** Handles a failed resume. A machine that went on may have written to its drives, so the run boots from them. */
async function bootInstead(run: RunAtWork, error: RametError): Promise<void> {
  run.tools.log.warn({ err: error, run: run.id }, 'a run was not resumed and boots instead')
  await run.perform('abandon', await run.names())
  await bootNext(run.tools.db, run.id, error.message)
  run.report({ step: 'resume', message: `${error.message} Booting instead` })
  run.trigger()
}

/** Makes the run wanted off because of `failure`. What it holds is released next. */
async function fail(run: RunAtWork, failure: Failure): Promise<void> {
  await failRun(run.tools.db, run.id, failure)
  run.trigger()
}

import type { Failure } from '@ramet/model/api/wire.ts'
import type { RametError } from '@ramet/model/errors/error.ts'
import { advance, bootNext, failRun } from '../runs/run.ts'
import { listMachines } from '../store/run-machines.ts'
import type { Run } from '../store/runs.ts'
import { workflowUp } from './choose-workflow.ts'
import { ownSteps } from './own-steps.ts'
import { isCode, type RunAtWork, toFailure } from './run-at-work.ts'

/** Brings every machine up that is wanted on. What fails makes the run FAILED, once everything is given back. */
export async function bringUp(run: RunAtWork, row: Run): Promise<void> {
  const { db, layers, log } = run.tools
  const { workflow, during, after } = workflowUp(row)
  try {
    if (row.memory.kind === 'borrowed-drives') {
      await run.perform('abandon', await run.names())
      await run.take(ownSteps.returnBorrowed)
    }
    await advance(db, run.id, 'RUNNING', 'WARMING_UP')
    await run.take(ownSteps.chooseLayers)
    await advance(db, run.id, 'RUNNING', during.run)
    await run.take(ownSteps.settleDrives)
    const machines = (await listMachines(db, run.id)).filter(({ wanted }) => wanted !== 'STOPPED').map(({ name }) => name)
    if (during.machines) await run.watch.all(during.machines, machines)
    if (workflow === 'start') await run.take(ownSteps.coldStart)
    await run.perform(workflow, machines)
    // Before the run is RUNNING: from then on somebody may ask for something else of one of them.
    if (after.machines) {
      for (const name of machines) await run.watch.write(name, { state: after.machines, isReady: true, wanted: 'RUNNING' })
    }
    await advance(db, run.id, 'RUNNING', after.run, { failure: null })
    run.settled()
    run.trigger()
  } catch (error) {
    if (run.signal.aborted) throw error
    if (isCode(error, 'not_resumed')) return bootInstead(run, error)
    await fail(run, toFailure(error, layers.home))
    log.warn({ err: error, run: run.id }, 'a run did not start')
  }
}

/** A machine that has begun to go on may have written to its drives: the run boots from the newest. */
async function bootInstead(run: RunAtWork, error: RametError): Promise<void> {
  run.tools.log.warn({ err: error, run: run.id }, 'a run was not resumed and boots instead')
  await run.perform('abandon', await run.names())
  await bootNext(run.tools.db, run.id, error.message)
  await run.tools.collect()
  run.report({ step: 'resume', message: `${error.message} Booting instead` })
  run.trigger()
}

/** The run is wanted off because of `failure`; what it held is released next. */
async function fail(run: RunAtWork, failure: Failure): Promise<void> {
  await failRun(run.tools.db, run.id, failure)
  run.trigger()
}

import type { Failure } from '@ramet/model/api/wire.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { advance, bootNext, failRun, noteColdStart } from '../runs/run.ts'
import { listMachines } from '../store/run-machines.ts'
import type { Run } from '../store/runs.ts'
import { returnBorrowed } from '../warm-pool/borrowed.ts'
import { type RunAtWork, toFailure } from './active-run.ts'
import { workflowUp } from './choose-workflow.ts'

/** Brings every machine up that is wanted on. What fails makes the run FAILED, once everything is given back. */
export async function bringUp(run: RunAtWork, row: Run): Promise<void> {
  const { db, home, chooseLayers, settleDrives, log } = run.tools
  const { workflow, during, after } = workflowUp(row)
  try {
    if (row.memory.kind === 'borrowed-drives') await returnBorrowed(run)
    await advance(db, run.id, 'RUNNING', 'WARMING_UP')
    const layers = chooseLayers(run.id, (progress) => run.report(progress))
    await run.step(workflow, layers)
    await advance(db, run.id, 'RUNNING', during.run)
    await settleDrives(run.id)
    const machines = (await listMachines(db, run.id)).filter(({ wanted }) => wanted !== 'STOPPED').map(({ name }) => name)
    if (during.machines) await run.watch.all(during.machines, machines)
    if (workflow === 'start') {
      await noteColdStart(db, run.id)
      await run.tools.collect()
    }
    await run.workflow(workflow, machines)
    await advance(db, run.id, 'RUNNING', after.run, { failure: null })
    if (after.machines) {
      for (const name of machines) await run.watch.write(name, { state: after.machines, isReady: true, wanted: 'RUNNING' })
    }
    run.settled()
    run.trigger()
  } catch (error) {
    if (run.signal.aborted) throw error
    if (isNotResumed(error)) return bootInstead(run, error)
    await fail(run, toFailure(error, home))
    log.warn({ err: error, run: run.id }, 'a run did not start')
  }
}

/** A machine that has begun to go on may have written to its drives: the run boots from the newest. */
async function bootInstead(run: RunAtWork, error: RametError): Promise<void> {
  run.tools.log.warn({ err: error, run: run.id }, 'a run was not resumed and boots instead')
  await run.workflow('abandon', await run.names())
  await bootNext(run.tools.db, run.id, error.message)
  await run.tools.collect()
  run.report({ step: 'resume', message: `${error.message} Booting instead` })
  run.trigger()
}

/** The kept memory is of no use: the run is to boot. */
export const isNotResumed = (error: unknown): error is RametError => error instanceof RametError && error.code === 'not_resumed'

/** The run is wanted off because of `failure`; what it held is released next. */
export async function fail(run: RunAtWork, failure: Failure): Promise<void> {
  await failRun(run.tools.db, run.id, failure)
  run.trigger()
}

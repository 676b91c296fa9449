import { beginAnew } from '../runs/run.ts'
import { listMachines } from '../store/run-machines.ts'
import type { WarmTools } from './warm-tools.ts'

/** Bound for an answer: a guest on a busy host may take a while. */
const answersWithinMs = 20_000

/**
 * Checks after a spare was handed over that a command runs in each of its machines, since its rows may have been outdated. If one does not answer,
 * the run starts again from its playground's image: no work of its owner is in it yet. Never throws.
 */
export async function verify({ db, host, reconciler, log }: Pick<WarmTools, 'db' | 'host' | 'reconciler' | 'log'>, id: string) {
  try {
    const machines = await listMachines(db, id)
    const answers = await Promise.all(
      machines.map(({ name }) => host.machines.answers({ runId: id, machine: name }, answersWithinMs)),
    )
    if (answers.every(Boolean) || !(await beginAnew(db, id, 'The run of it that was ready did not answer.'))) return
    log.warn({ run: id }, 'a spare that was handed over did not answer and begins anew')
    reconciler.worker(id).trigger({ supersede: true })
  } catch (error) {
    log.error({ err: error, run: id }, 'a spare that was handed over could not be verified')
  }
}

import { beginAnew } from '../runs/run.ts'
import { listMachines } from '../store/run-machines.ts'
import type { WarmTools } from './warm-tools.ts'

/** A busy host's guest may take a while; one that is dead never answers. */
const answersWithinMs = 20_000

/**
 * After a spare was handed over: whether a command runs in each of its machines, since what the rows said may have been a moment old. One that does not answer is of no use,
 * and nothing of its owner's is in it: the run begins anew from its playground's image. Never throws.
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

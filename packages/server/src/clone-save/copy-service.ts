import type { MemoryRule } from '../admission/admission.ts'
import { wirePlayground } from '../playgrounds/wire-playground.ts'
import type { Reconciler } from '../reconcile/reconciler.ts'
import { mustAllow } from '../runs/allowed.ts'
import type { PermittedRun } from '../runs/permitted-run.ts'
import { type PlayContext, toPlays } from '../runs/to-play.ts'
import type { CloneRequest, Copies, User } from '../services.ts'
import type { LayerTools } from '../storage/layers/layer-tools.ts'
import { sealDrives } from '../storage/layers/seal.ts'
import type { Quota } from '../storage/usage/storage-service.ts'
import type { Db } from '../store/database.ts'
import { sourcesOfSaved } from '../store/lineage.ts'
import { type Run, readRun } from '../store/runs.ts'
import { noted } from '../store/users.ts'
import { insertClones } from './clone-rows.ts'
import { type CopyAction, checkCopyable } from './copyable.ts'
import { cloneLive } from './live-clone.ts'
import { insertSaved } from './save-rows.ts'

export interface CopyTools {
  readonly layers: LayerTools
  readonly reconciler: Reconciler
  readonly plays: PlayContext
  readonly permitted: PermittedRun
  readonly quota: Quota
  readonly memory: MemoryRule
  changed(runId: string): void
  /** Called when there are runs that may have an end of their time. */
  lifetimesChanged(): void
}

/** Step name for crash tests: the copy is written, and no event is sent yet. */
export const copySteps: readonly string[] = ['clone/write-rows', 'save/write-rows']

/**
 * Clones and saves a run that is off: its modified overlays become layers, and the same transaction inserts the copy's rows on them. So a copy is complete or has not
 * happened, whenever the server is killed. A start, destroy or second copy of the source meanwhile waits for its turn or is refused.
 */
export function copyService({
  layers,
  reconciler,
  plays,
  permitted,
  quota,
  memory,
  changed,
  lifetimesChanged,
}: CopyTools): Copies {
  const { db } = layers

  async function copy<T>(
    user: User,
    id: string,
    action: CopyAction,
    write: (trx: Db, row: Run) => Promise<T>,
    toldOf: (copied: T) => string,
  ): Promise<T> {
    await checkCopyable(db, await permitted(user, 'run.copy', id), action)
    await quota.check(user)
    const written = (await sealDrives(layers, id, async (trx) => {
      const row = await readRun(trx, id)
      await checkCopyable(trx, row, action)
      await quota.checkWithin(trx, user)
      const copied = await write(trx, row)
      await noted(user, trx, { subject: id, detail: toldOf(copied) })
      return copied
    })) as T
    layers.afterStep?.(`${action}/write-rows`)
    // A drive that was never written to lost its overlay, so the run's bytes changed.
    changed(id)
    return written
  }

  async function live(user: User, id: string, request: CloneRequest): Promise<string[]> {
    mustAllow('clone_live', await permitted(user, 'run.copy', id))
    await quota.check(user)
    const mayWrite = async (trx: Db) => {
      await quota.checkWithin(trx, user)
      await noted(user, trx, { subject: id, detail: 'live' })
    }
    return reconciler.worker(id).during((run) => cloneLive(run, layers, request, { memory, mayWrite }))
  }

  return {
    async clone(user, id, request) {
      const ids = request.live
        ? await live(user, id, request)
        : await copy(
            user,
            id,
            'clone',
            (trx, row) => insertClones(trx, row, request, memory),
            (clones) => `to ${clones.join(', ')}`,
          )
      for (const clone of ids) {
        if (request.start || request.live) reconciler.worker(clone).trigger()
        changed(clone)
      }
      if (request.start || request.live) lifetimesChanged()
      return toPlays(plays, await Promise.all(ids.map((clone) => readRun(db, clone))))
    },

    async save(user, id, request) {
      const row = await copy(
        user,
        id,
        'save',
        (trx, run) => insertSaved(trx, run, request, memory.limits),
        ({ name }) => `as ${name}`,
      )
      return wirePlayground(user, row, plays.endpoint(), { savedFrom: (await sourcesOfSaved(db, [row])).get(id) })
    },
  }
}

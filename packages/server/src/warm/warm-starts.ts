import { basename } from 'node:path'
import type { Host } from '@ramet/engine/run/host.ts'
import type { RunPlan } from '@ramet/engine/run/run-plan.ts'
import { type SnapshotStamp, shapeOf, whyNotHere } from '@ramet/engine/snapshot/stamp.ts'
import { RametError } from '@ramet/model/error.ts'
import type { Logger } from 'pino'
import { BackgroundWork } from '../background/background-work.ts'
import { specOf } from '../catalog/catalog.ts'
import type { ImageService } from '../images/image-service.ts'
import type { MemoryRule } from '../runs/admission.ts'
import { makeRunPlan } from '../runs/make-run-plan.ts'
import type { Reconciler } from '../runs/reconciler.ts'
import type { Db } from '../store/database.ts'
import type { PlaygroundRow } from '../store/schema.ts'
import { findSnapshot } from '../store/snapshots.ts'
import { findWarmStart, listThrowaways, listUsedOfficials } from '../store/warm-starts.ts'
import { isQuiet, mustMakeRoom } from './host-is-free.ts'
import { shapeNow } from './offer.ts'
import { whyStale } from './shape.ts'
import { GivenUp, takeWarmStart } from './take.ts'
import { endThrowaway } from './throwaway.ts'

export interface WarmStartsTools {
  readonly db: Db
  readonly host: Host
  readonly images: ImageService
  readonly reconciler: Reconciler
  readonly memory: MemoryRule
  readonly log: Logger
  /** RAMET_WARM_STARTS. */
  readonly isOn: boolean
  /** Whose the throwaway runs are, for the store; nobody sees them. */
  readonly ownerId: string
  collect(): Promise<void>
  afterStep(name: string): void
}

/** Between being woken and beginning: who starts one run often starts another. */
const delayMs = 3_000
/** A playground whose throwaway run came to nothing is tried again, ever later. */
const againAfterMs = [60_000, 10 * 60_000, 60 * 60_000] as const
const closesWithinMs = 5_000

/** What the next snapshot of a playground is taken for. */
export interface WarmWish {
  readonly playground: PlaygroundRow
  readonly plan: RunPlan
  readonly shape: string
}

/**
 * Keeps official playgrounds warm that somebody has started: takes, in the background and one at a time, a snapshot of a throwaway run of each, and takes it anew when
 * what it was taken of or on is another. Begins only while no user's run is on its way up and memory and disk admit it, and makes room at once when a user's start needs
 * the memory. Holds no truth: a throwaway run that a killed server leaves is destroyed when the next one starts.
 */
export class WarmStarts {
  readonly #tools: WarmStartsTools
  readonly #failed = new Map<string, { times: number; notBefore: number }>()
  readonly #work: BackgroundWork

  constructor(tools: WarmStartsTools) {
    this.#tools = tools
    this.#work = new BackgroundWork({
      delayMs,
      work: async (signal) => ((await this.#take(signal)) ? delayMs : undefined),
      onError: (error) => tools.log.error({ err: error }, 'playgrounds could not be kept warm'),
    })
  }

  /** Something changed that may let one begin, or that needs the memory that one has. */
  wake(afterMs: number = delayMs): void {
    if (!this.#tools.isOn) return
    if (this.#work.isAtWork)
      void this.#makeRoom().catch((error) =>
        this.#tools.log.error({ err: error }, 'looking whether a warm start must make room failed'),
      )
    this.#work.wake(afterMs)
  }

  /** Ends what is under way, its machines included: nobody would for as long as no server runs. */
  close(): Promise<void> {
    return this.#work.close(new GivenUp('the server ends'), closesWithinMs)
  }

  async #makeRoom(): Promise<void> {
    const { db, memory } = this.#tools
    if (await mustMakeRoom(db, memory)) await this.#work.end(new GivenUp('a user’s start needs its memory'))
  }

  /** True when there may be another to take. */
  async #take(signal: AbortSignal): Promise<boolean> {
    const { db, host, memory, log, reconciler } = this.#tools
    // One of an earlier server that is not gone yet has its memory still.
    if ((await listThrowaways(db)).length > 0) return false
    const wish = await this.#next()
    if (!wish || signal.aborted || !(await isQuiet(db, host.home, wish.plan, memory))) return false
    const { name, id } = wish.playground
    const begun = performance.now()
    try {
      await takeWarmStart(this.#tools, wish, signal)
      this.#failed.delete(id)
      log.info({ playground: name, tookMs: Math.round(performance.now() - begun) }, 'a playground is kept warm')
    } catch (error) {
      if (signal.aborted)
        log.info({ playground: name, reason: (signal.reason as Error).message }, 'keeping a playground warm was given up')
      else if (!(error instanceof RametError && error.code === 'not_enough_memory')) this.#noteFailure(wish, error)
    }
    for (const left of await listThrowaways(db)) await endThrowaway(db, reconciler, left)
    await this.#tools.collect()
    return true
  }

  #noteFailure({ playground: { id, name } }: WarmWish, error: unknown): void {
    const times = (this.#failed.get(id)?.times ?? 0) + 1
    const waitMs = againAfterMs[Math.min(times, againAfterMs.length) - 1] ?? 60 * 60_000
    this.#failed.set(id, { times, notBefore: Date.now() + waitMs })
    this.#tools.log.warn({ err: error, playground: name, retryInMs: waitMs }, 'a playground could not be kept warm')
    setTimeout(() => this.wake(), waitMs).unref()
  }

  /** The first playground that somebody used and that has no warm start, or one of another shape, or one that was taken on something else. */
  async #next(): Promise<WarmWish | undefined> {
    const { db, host, images } = this.#tools
    if (!images.hasKernelPack()) return undefined
    const here = { ...(await host.stamp()), kernelPack: basename((await host.kernelPack()).folder) }
    for (const id of await listUsedOfficials(db)) {
      if ((this.#failed.get(id)?.notBefore ?? 0) > Date.now()) continue
      const playground = await db.selectFrom('playgrounds').selectAll().where('id', '=', id).executeTakeFirst()
      if (!playground) continue
      const plan = makeRunPlan(specOf(playground))
      const shape = await shapeNow(images, plan)
      // An image that is not there is not built for this: the next start does so.
      if (shape !== undefined && !(await this.#isKept(playground, shape, { ...here, shape: shapeOf(plan) })))
        return { playground, plan, shape }
    }
    return undefined
  }

  async #isKept({ id }: PlaygroundRow, shape: string, here: SnapshotStamp): Promise<boolean> {
    const warm = await findWarmStart(this.#tools.db, id)
    if (!warm || whyStale(warm.shape, shape) !== undefined) return false
    const snapshot = await findSnapshot(this.#tools.db, warm.snapshot_id)
    return snapshot !== undefined && whyNotHere(JSON.parse(snapshot.stamp) as SnapshotStamp, here) === undefined
  }
}

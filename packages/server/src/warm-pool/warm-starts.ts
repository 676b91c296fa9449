import { setTimeout as delay } from 'node:timers/promises'
import { type Host, type SnapshotStamp, whyNotHere } from '@ramet/engine'
import { RametError } from '@ramet/model/errors/error.ts'
import { makeRunPlan } from '@ramet/model/plan/make-run-plan.ts'
import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import type { Logger } from 'pino'
import type { MemoryRule } from '../admission/admission.ts'
import type { Activity } from '../background/activity.ts'
import { BackgroundWork } from '../background/background-work.ts'
import type { ImageService } from '../images/image-service.ts'
import { specOf } from '../playgrounds/catalog.ts'
import type { Reconciler } from '../reconcile/reconciler.ts'
import type { Db } from '../store/database.ts'
import type { PlaygroundRow } from '../store/schema.ts'
import { findSnapshot } from '../store/snapshots.ts'
import {
  findWarmStart,
  isSpare,
  listRecentlyUsed,
  listThrowaways,
  listUsedOfficials,
  type RecentlyUsed,
} from '../store/warm-starts.ts'
import { isQuiet, mustMakeRoom } from './host-is-free.ts'
import { shapeNow } from './offer.ts'
import { whyStale } from './shape.ts'
import { makeSpare } from './spare.ts'
import { GivenUp, takeWarmStart } from './take.ts'
import { endThrowaway } from './throwaway.ts'

export interface WarmStartsTools {
  readonly activity: Activity
  readonly db: Db
  readonly host: Host
  readonly images: ImageService
  readonly reconciler: Reconciler
  readonly memory: MemoryRule
  readonly log: Logger
  /** RAMET_WARM_STARTS. */
  readonly isOn: boolean
  /** RAMET_SPARE_FOR; undefined: no run stands by. */
  readonly spareForMs: number | undefined
  /** Whose the throwaway runs are, for the store; nobody sees them. */
  readonly ownerId: string
  collect(): Promise<void>
  afterStep(name: string): void
}

/** Between being woken and beginning: who starts one run often starts another. */
const delayMs = 3_000
/** A playground whose throwaway run came to nothing is tried again, ever later. */
const againAfterMs = [60_000, 10 * 60_000, 60 * 60_000] as const
/** A busy host takes its time to end a VM, and nobody else would. */
const closesWithinMs = 20_000
/** Each has its machines' memory, and a little of a core. */
const mostSpares = 2

/** What the next snapshot of a playground is taken for. */
export interface WarmTarget {
  readonly playground: PlaygroundRow
  readonly plan: RunPlan
  readonly shape: string
}

/**
 * Keeps official playgrounds warm that somebody has started, in the background and one thing at a time: takes a snapshot of a throwaway run of each, anew when what it
 * was taken of or on is another; and has a run of those that were used last stand by, which the next start is handed. Begins only while no user's run is on its way up
 * and memory and disk admit it, and makes room at once when a user's start needs the memory. Holds no truth: throwaway runs that a killed server leaves are destroyed
 * when the next one starts.
 */
export class WarmStarts {
  readonly #tools: WarmStartsTools
  readonly #failed = new Map<string, { times: number; notBefore: number }>()
  readonly #work: BackgroundWork
  readonly #delayMs: number
  /** As far as this server knows. */
  #mayStandBy = false

  constructor(tools: WarmStartsTools) {
    this.#tools = tools
    this.#delayMs = Math.min(delayMs, tools.activity.quietMs)
    this.#work = new BackgroundWork({
      activity: tools.activity,
      delayMs,
      work: ({ signal }) => this.#lookAfter(signal),
      onError: (error) => tools.log.error({ err: error }, 'playgrounds could not be kept warm'),
    })
  }

  /** Something changed that may let one begin, or that needs the memory that one has. */
  trigger(afterMs?: number): void {
    if (!this.#tools.isOn) return
    if (this.#work.isAtWork || this.#mayStandBy)
      void this.#makeRoom().catch((error) =>
        this.#tools.log.error({ err: error }, 'looking whether a warm start must make room failed'),
      )
    this.#work.trigger(afterMs)
  }

  /** Ends what is under way and what stands by, machines included: nobody would for as long as no server runs. */
  async close(): Promise<void> {
    const ended = this.#work.close(new GivenUp('the server ends')).then(() => this.#endAll())
    await Promise.race([ended, delay(closesWithinMs, undefined, { ref: false })])
  }

  async #makeRoom(): Promise<void> {
    const { db, memory } = this.#tools
    if (!(await mustMakeRoom(db, memory))) return
    await this.#work.end(new GivenUp('a user’s start needs its memory'))
    await this.#endAll()
  }

  async #endAll(): Promise<void> {
    const { db, reconciler } = this.#tools
    this.#mayStandBy = false
    await Promise.all((await listThrowaways(db)).map(({ id }) => endThrowaway(db, reconciler, id)))
  }

  /** Does one thing. Returns when to look again. */
  async #lookAfter(signal: AbortSignal): Promise<number | undefined> {
    const { db, reconciler, spareForMs = 0 } = this.#tools
    const recent = (await listRecentlyUsed(db, new Date(Date.now() - spareForMs).toISOString())).slice(0, mostSpares)
    const standing = new Set<string>()
    for (const throwaway of await listThrowaways(db)) {
      const snapshotId = isSpare(throwaway)
      if (recent.some((used) => used.snapshotId === snapshotId) && !standing.has(throwaway.playground_id))
        standing.add(throwaway.playground_id)
      // One of an earlier server, one that did not come up, or one that nobody is likely to want: it has its memory still.
      else await endThrowaway(db, reconciler, throwaway.id)
    }
    this.#mayStandBy = standing.size > 0
    const request = await this.#next()
    if (request) return (await this.#isQuiet(request, signal)) && (await this.#take(request, signal)) ? this.#delayMs : undefined
    const next = recent.find(({ playgroundId }) => !standing.has(playgroundId) && !this.#isFailed(playgroundId))
    if (next && (await this.#standBy(next, signal))) return this.#delayMs
    const oldest = recent.findLast(({ playgroundId }) => standing.has(playgroundId))
    return oldest && Math.max(0, Date.parse(oldest.usedAt) + spareForMs - Date.now()) + this.#delayMs
  }

  async #isQuiet({ plan }: Pick<WarmTarget, 'plan'>, signal: AbortSignal): Promise<boolean> {
    return (
      !signal.aborted && (await isQuiet(this.#tools.db, await this.#tools.host.storage.freeBytes(), plan, this.#tools.memory))
    )
  }

  /** True when there may be something else to be done. */
  async #take(request: WarmTarget, signal: AbortSignal): Promise<boolean> {
    const isTaken = await this.#try(request.playground, signal, 'a playground is kept warm', () =>
      takeWarmStart(this.#tools, request, signal),
    )
    await this.#tools.collect()
    return isTaken
  }

  async #standBy({ playgroundId, snapshotId }: RecentlyUsed, signal: AbortSignal): Promise<boolean> {
    const { db } = this.#tools
    const playground = await db.selectFrom('playgrounds').selectAll().where('id', '=', playgroundId).executeTakeFirst()
    if (!playground) return false
    const plan = makeRunPlan(specOf(playground))
    if (!(await this.#isQuiet({ plan }, signal))) return false
    this.#mayStandBy = true
    return this.#try(playground, signal, 'a run stands by', () =>
      makeSpare(this.#tools, { playground, plan }, snapshotId, signal),
    )
  }

  /** Nothing is left of what did not come to its end. */
  async #try({ name, id }: PlaygroundRow, signal: AbortSignal, done: string, act: () => Promise<string>): Promise<boolean> {
    const { db, log, reconciler } = this.#tools
    const begun = performance.now()
    let isDone = false
    try {
      const run = await act()
      isDone = true
      this.#failed.delete(id)
      log.info({ playground: name, run, tookMs: Math.round(performance.now() - begun) }, done)
    } catch (error) {
      if (signal.aborted)
        log.info({ playground: name, reason: (signal.reason as Error).message }, 'keeping a playground warm was given up')
      else if (!(error instanceof RametError && error.code === 'not_enough_memory')) this.#noteFailure({ id, name }, error)
    }
    for (const throwaway of await listThrowaways(db))
      if (!isDone ? throwaway.playground_id === id : isSpare(throwaway) === undefined)
        await endThrowaway(db, reconciler, throwaway.id)
    return isDone
  }

  #noteFailure({ id, name }: Pick<PlaygroundRow, 'id' | 'name'>, error: unknown): void {
    const times = (this.#failed.get(id)?.times ?? 0) + 1
    const waitMs = againAfterMs[Math.min(times, againAfterMs.length) - 1] ?? 60 * 60_000
    this.#failed.set(id, { times, notBefore: Date.now() + waitMs })
    this.#tools.log.warn({ err: error, playground: name, retryInMs: waitMs }, 'a playground could not be kept warm')
    setTimeout(() => this.trigger(), waitMs).unref()
  }

  #isFailed(playgroundId: string): boolean {
    return (this.#failed.get(playgroundId)?.notBefore ?? 0) > Date.now()
  }

  /** The first playground that somebody used and that has no warm start, or one of another shape, or one that was taken on something else. */
  async #next(): Promise<WarmTarget | undefined> {
    const { db, host, images } = this.#tools
    if (!images.hasKernelPack()) return undefined
    for (const id of await listUsedOfficials(db)) {
      if (this.#isFailed(id)) continue
      const playground = await db.selectFrom('playgrounds').selectAll().where('id', '=', id).executeTakeFirst()
      if (!playground) continue
      const plan = makeRunPlan(specOf(playground))
      const shape = await shapeNow(images, plan)
      // An image that is not there is not built for this: the next start does so.
      if (shape !== undefined && !(await this.#isKept(playground, shape, await host.fingerprint(plan))))
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

import { setTimeout as delay } from 'node:timers/promises'
import { whyNotHere } from '@ramet/engine'
import { InvalidInput, RametError } from '@ramet/model/errors/error.ts'
import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import { BackgroundWork, type Job } from '../background/background-work.ts'
import { specOf } from '../playgrounds/bases.ts'
import { findPlaygroundById } from '../store/playgrounds.ts'
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
import type { HandedOver } from './hand-over.ts'
import { isRoomFor, mustMakeRoom } from './host-is-free.ts'
import { shapeNow } from './offer.ts'
import { whyStale } from './shape.ts'
import { makeSpare } from './spare.ts'
import { GivenUp, takeWarmStart } from './take.ts'
import { endThrowaway } from './throwaway.ts'
import { verify } from './verify.ts'
import type { WarmTarget, WarmTools } from './warm-tools.ts'

/** Delay from a trigger to the beginning: a person who starts one run often starts another. */
const delayMs = 3_000
/** Delays before a playground whose throwaway run failed is tried again. */
const againAfterMs = [60_000, 10 * 60_000, 60 * 60_000] as const
/** Bound for ending a VM at close, which a busy host may delay. */
const closesWithinMs = 20_000
/** Most spares. Each uses its machines' memory and a little CPU. */
const mostSpares = 2

/**
 * Keeps official playgrounds that somebody has started warm, in the background and one at a time. It takes a snapshot of a throwaway run of each, again when its shape or
 * host has changed, and keeps a spare of the playgrounds used last for the next start. It begins only while no user's run is starting
 * and memory and disk suffice, and frees memory at once when a user's start needs it. It holds no state: throwaway runs of a killed server are destroyed
 * when the next server starts.
 */
export class WarmStarts {
  readonly #tools: WarmTools
  readonly #failed = new Map<string, { times: number; notBefore: number }>()
  readonly #work: BackgroundWork
  readonly #delayMs: number
  /** As far as this server knows. */
  #hasSpares = false

  constructor(tools: WarmTools) {
    this.#tools = tools
    this.#delayMs = Math.min(delayMs, tools.activity.quietMs)
    this.#work = new BackgroundWork({
      activity: tools.activity,
      delayMs,
      work: (job) => this.#lookAfter(job),
      onError: (error) => tools.log.error({ err: error }, 'playgrounds could not be kept warm'),
    })
  }

  /** Called when work may begin, or when the memory of a throwaway run may be needed. */
  trigger(afterMs?: number): void {
    if (!this.#tools.isOn) return
    if (this.#work.isAtWork || this.#hasSpares)
      void this.#makeRoom().catch((error) =>
        this.#tools.log.error({ err: error }, 'looking whether a warm start must make room failed'),
      )
    this.#work.trigger(afterMs)
  }

  /** Called when a start got this spare: it is no background run any more. */
  handedOver({ id, isReady }: HandedOver): void {
    const { background, host, store, log } = this.#tools
    background.delete(id)
    host
      .updateLimits(id, store(id))
      .catch((error: unknown) => log.error({ err: error, run: id }, 'a spare that was handed over has the limits of one still'))
    if (isReady) void verify(this.#tools, id)
    this.trigger()
  }

  /** Ends the work under way and all spares with their machines, which would otherwise run on without a server. */
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
    this.#hasSpares = false
    await Promise.all((await listThrowaways(this.#tools.db)).map(({ id }) => endThrowaway(this.#tools, id)))
  }

  /** Does one thing. Returns when to look again. */
  async #lookAfter({ signal, go }: Job): Promise<number | undefined> {
    const { db, spareForMs = 0 } = this.#tools
    await go()
    const recent = (await listRecentlyUsed(db, new Date(Date.now() - spareForMs).toISOString())).slice(0, mostSpares)
    const standing = new Set<string>()
    for (const throwaway of await listThrowaways(db)) {
      const snapshotId = isSpare(throwaway)
      if (recent.some((used) => used.snapshotId === snapshotId) && !standing.has(throwaway.playground_id))
        standing.add(throwaway.playground_id)
      // A spare of an earlier server, one that failed to start, or one that is unlikely to be used still occupies memory.
      else await endThrowaway(this.#tools, throwaway.id)
    }
    this.#hasSpares = standing.size > 0
    const request = await this.#next()
    if (request)
      return (await this.#isRoomFor(request, signal)) && (await this.#take(request, signal)) ? this.#delayMs : undefined
    const next = recent.find(({ playgroundId }) => !standing.has(playgroundId) && !this.#isFailed(playgroundId))
    if (next && (await this.#makeSpare(next, signal))) return this.#delayMs
    const oldest = recent.findLast(({ playgroundId }) => standing.has(playgroundId))
    return oldest && Math.max(0, Date.parse(oldest.usedAt) + spareForMs - Date.now()) + this.#delayMs
  }

  async #isRoomFor({ plan }: Pick<WarmTarget, 'plan'>, signal: AbortSignal): Promise<boolean> {
    const { db, host, memory } = this.#tools
    return !signal.aborted && (await isRoomFor(db, plan, memory, await host.storage.freeBytes()))
  }

  /** True when there may be more to do. */
  async #take(request: WarmTarget, signal: AbortSignal): Promise<boolean> {
    const isTaken = await this.#try(request.playground, signal, 'a playground is kept warm', () =>
      takeWarmStart(this.#tools, request, signal),
    )
    await this.#tools.collect()
    return isTaken
  }

  async #makeSpare({ playgroundId, snapshotId }: RecentlyUsed, signal: AbortSignal): Promise<boolean> {
    const { db } = this.#tools
    const playground = await findPlaygroundById(db, playgroundId)
    if (!playground) return false
    const plan = this.#planOf(playground)
    if (!plan || !(await this.#isRoomFor({ plan }, signal))) return false
    this.#hasSpares = true
    return this.#try(playground, signal, 'a spare is ready', () =>
      makeSpare(this.#tools, { playground, plan }, snapshotId, signal),
    )
  }

  /** Destroys a throwaway run that failed. */
  async #try({ name, id }: PlaygroundRow, signal: AbortSignal, done: string, act: () => Promise<string>): Promise<boolean> {
    const { db, log, background } = this.#tools
    const { timesStill } = background
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
      // It may have missed its timeout because it was paused.
      else if (background.timesStill > timesStill) this.trigger()
      else if (!(error instanceof RametError && error.code === 'not_enough_memory')) this.#noteFailure({ id, name }, error)
    }
    for (const throwaway of await listThrowaways(db))
      if (!isDone ? throwaway.playground_id === id : isSpare(throwaway) === undefined)
        await endThrowaway(this.#tools, throwaway.id)
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

  /** Undefined for a playground whose starts have to choose something: no two of them need be alike. */
  #planOf(playground: PlaygroundRow): RunPlan | undefined {
    try {
      return this.#tools.planOf(specOf(playground))
    } catch (error) {
      if (error instanceof InvalidInput) return undefined
      throw error
    }
  }

  /** Finds the first used playground that has no warm start, or one of another shape, or one that was taken on another CPU, QEMU or kernel. */
  async #next(): Promise<WarmTarget | undefined> {
    const { db, images } = this.#tools
    if (!images.hasKernelPack()) return undefined
    for (const id of await listUsedOfficials(db)) {
      if (this.#isFailed(id)) continue
      const playground = await findPlaygroundById(db, id)
      if (!playground) continue
      const plan = this.#planOf(playground)
      if (!plan) continue
      const shape = await shapeNow(images, plan)
      // Missing images are not built for this: the next start builds them.
      if (shape !== undefined && !(await this.#isKept({ playground, plan, shape }))) return { playground, plan, shape }
    }
    return undefined
  }

  async #isKept({ playground, plan, shape }: WarmTarget): Promise<boolean> {
    const { db, host } = this.#tools
    const warm = await findWarmStart(db, playground.id)
    if (!warm || whyStale(warm.shape, shape) !== undefined) return false
    const snapshot = await findSnapshot(db, warm.snapshot_id)
    return snapshot !== undefined && whyNotHere(JSON.parse(snapshot.stamp), await host.fingerprint(plan)) === undefined
  }
}

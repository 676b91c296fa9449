import { setTimeout as delay } from 'node:timers/promises'
import type { HostStorage } from '@ramet/engine'
import { Activity } from '../../background/activity.ts'
import { BackgroundWork } from '../../background/background-work.ts'
import type { Db } from '../../store/database.ts'
import { findSnapshot, listNotDurable, markDurable } from '../../store/snapshots.ts'
import { snapshotRecord } from './snapshot-record.ts'

/**
 * After a cut its clones are on their way up, after a stop its owner may go on at once: they need the disk more than memory does, which is read from the page cache.
 * The kernel begins to write it by itself after 30 s (vm.dirty_expire_centisecs).
 */
const waitsMs = 10_000
/** A server that is told to end makes the files durable at once, for so long: the host may be about to be switched off. */
const closesWithinMs = 60_000

export interface DurabilityTools {
  readonly db: Db
  readonly storage: Pick<HostStorage, 'syncMemory'>
}

export interface DurabilityOptions {
  /** It waits no longer than this, in ms, as all background work. */
  readonly quietMs: number
  /** Memory rests on the disk now: what waited for that may begin. */
  onDurable(): void
  onError(error: unknown, snapshotId: string): void
}

/**
 * Brings the files of snapshots to the disk, one after the other, some time after they were taken. What is lost with the host's power before is booted instead; so it does
 * not wait until nobody does anything, as other background work does.
 */
export class Durability {
  readonly #tools: DurabilityTools
  readonly #options: DurabilityOptions
  readonly #waitsMs: number
  readonly #work: BackgroundWork
  /** What failed is not tried again before the server's next start. */
  readonly #failed = new Set<string>()

  constructor(tools: DurabilityTools, options: DurabilityOptions) {
    this.#tools = tools
    this.#options = options
    this.#waitsMs = Math.min(waitsMs, options.quietMs)
    this.#work = new BackgroundWork({
      activity: new Activity({ quietMs: 0, afterwardsMs: 0 }),
      delayMs: this.#waitsMs,
      work: ({ signal }) => this.#sync(signal),
      onError: (error) => options.onError(error, ''),
    })
  }

  /** There may be a snapshot that is not durable: one that was taken just now, or that a former server left in the same boot of the host. */
  trigger(): void {
    this.#work.trigger(this.#waitsMs)
  }

  /** Waits for the file that is being synced, then syncs what is left; both for a bounded time. */
  async close(): Promise<void> {
    await this.#work.close()
    const giveUp = AbortSignal.timeout(closesWithinMs)
    await Promise.race([this.#syncAll(giveUp), delay(closesWithinMs, undefined, { ref: false })])
  }

  /** Those that were taken long enough ago; returns in how many ms the next one will have been. */
  async #sync(signal: AbortSignal): Promise<number | undefined> {
    for (const { id, at } of await this.#waiting()) {
      if (signal.aborted) return undefined
      const dueInMs = Date.parse(at) + this.#waitsMs - Date.now()
      if (dueInMs > 0) return dueInMs
      await this.#syncOne(id)
    }
    return undefined
  }

  async #syncAll(signal: AbortSignal): Promise<void> {
    for (const { id } of await this.#waiting()) if (!signal.aborted) await this.#syncOne(id)
  }

  /** Oldest first. */
  async #waiting() {
    return (await listNotDurable(this.#tools.db)).filter(({ id }) => !this.#failed.has(id))
  }

  async #syncOne(id: string): Promise<void> {
    const { db, storage } = this.#tools
    try {
      const { machines } = await snapshotRecord(db, id)
      await storage.syncMemory(machines.map(({ memory }) => memory))
      await markDurable(db, id)
      this.#options.onDurable()
    } catch (error) {
      this.#failed.add(id)
      // One that was collected meanwhile nobody needs any more.
      if (await findSnapshot(db, id)) this.#options.onError(error, id)
    }
  }
}

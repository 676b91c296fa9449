import { setTimeout as delay } from 'node:timers/promises'
import type { HostStorage } from '@ramet/engine'
import { Activity } from '../../background/activity.ts'
import { BackgroundWork } from '../../background/background-work.ts'
import type { Db } from '../../store/database.ts'
import { findSnapshot, listNotDurable, markDurable } from '../../store/snapshots.ts'
import { snapshotRecord } from './snapshot-record.ts'

/**
 * Delay after a cut or a stop: the clones start, or the owner restarts at once, and they need the disk more than the memory, which is read from the page cache.
 * The kernel begins to write it by itself after 30 s (vm.dirty_expire_centisecs).
 */
const waitsMs = 10_000
/**
 * Longest wait for people whose actions are under way. An fsync of theirs (the store's, an overlay's) may have to wait for the memory that is being written: ext4 writes what was
 * allocated in a transaction before it commits it (data=ordered; ext4(5)). A test of small fsyncs beside one of 1.2 GiB showed no delay, so this is caution.
 */
const yieldsForMs = 60_000
/** How long a server that is closing makes files durable: the host may be about to be switched off. */
const closesWithinMs = 60_000

export interface DurabilityTools {
  readonly db: Db
  readonly storage: Pick<HostStorage, 'syncMemory'>
}

export interface DurabilityOptions {
  /** Longest delay in ms, as for all background work. */
  readonly quietMs: number
  /** Tells when people need the disk. */
  readonly people: Pick<Activity, 'over'>
  readonly yieldsForMs?: number
  /** Called when memory is durable: work that waited for that may begin. */
  onDurable(): void
  onError(error: unknown, snapshotId: string): void
}

/**
 * Makes snapshots durable, one file at a time, some time after they were taken. A snapshot that is lost in a power failure before that costs a boot; so this work does
 * not wait for a quiet time, as other background work does: only until no action is under way, and for that a bounded time.
 */
export class Durability {
  readonly #tools: DurabilityTools
  readonly #options: DurabilityOptions
  readonly #waitsMs: number
  readonly #work: BackgroundWork
  /** Failed files, which are not tried again before the server's next start. */
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

  /** Called when there may be a snapshot that is not durable: a new one, or one of a former server in the same boot of the host. */
  trigger(): void {
    this.#work.trigger(this.#waitsMs)
  }

  /** Waits for the current file, then syncs the rest; both for a bounded time. */
  async close(): Promise<void> {
    await this.#work.close()
    const giveUp = AbortSignal.timeout(closesWithinMs)
    await Promise.race([this.#syncAll(giveUp), delay(closesWithinMs, undefined, { ref: false })])
  }

  /** Syncs snapshots that are old enough; returns in how many ms the next one will be. */
  async #sync(signal: AbortSignal): Promise<number | undefined> {
    for (const { id, at } of await this.#waiting()) {
      if (signal.aborted) return undefined
      const dueInMs = Date.parse(at) + this.#waitsMs - Date.now()
      if (dueInMs > 0) return dueInMs
      await this.#yield(signal)
      if (signal.aborted) return undefined
      await this.#syncOne(id)
    }
    return undefined
  }

  async #yield(signal: AbortSignal): Promise<void> {
    const enough = AbortSignal.any([signal, AbortSignal.timeout(this.#options.yieldsForMs ?? yieldsForMs)])
    await this.#options.people.over(enough).catch(() => {})
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
      // A snapshot that was collected meanwhile needs no sync.
      if (await findSnapshot(db, id)) this.#options.onError(error, id)
    }
  }
}

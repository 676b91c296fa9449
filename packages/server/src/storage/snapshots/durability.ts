import { setTimeout as delay } from 'node:timers/promises'
import { syncMemory } from '@ramet/engine/snapshot/keep.ts'
import type { Db } from '../../store/database.ts'
import { findSnapshot, markDurable, notDurable } from '../../store/snapshots.ts'
import { snapshotRecord } from './snapshot-record.ts'

/**
 * After a cut its clones are on their way up, after a stop its owner may go on at once: they need the disk more than memory does, which is read from the page cache.
 * The kernel begins to write it by itself after 30 s (vm.dirty_expire_centisecs).
 */
const waitsMs = 10_000
/** A server that is told to end makes the files durable at once, for so long: the host may be about to be switched off. */
const closesWithinMs = 60_000

export interface DurabilityOptions {
  /** It waits no longer than this, in ms, as all background work. */
  readonly quietMs: number
  /** Memory rests on the disk now: what waited for that may begin. */
  onDurable(): void
  onError(error: unknown, snapshotId: string): void
}

/** Brings the files of snapshots to the disk, one after the other, when nobody waits for them. What is lost with the host's power before is booted instead. */
export class Durability {
  readonly #db: Db
  readonly #home: string
  readonly #options: DurabilityOptions
  readonly #waiting = new Map<string, NodeJS.Timeout>()
  #work: Promise<void> = Promise.resolve()

  constructor(db: Db, home: string, options: DurabilityOptions) {
    this.#db = db
    this.#home = home
    this.#options = options
  }

  /** Takes up what a former server left, in the same boot of the host. */
  async resume(): Promise<void> {
    for (const id of await notDurable(this.#db)) this.later(id)
  }

  later(snapshotId: string): void {
    this.#waiting.set(snapshotId, setTimeout(() => this.#begin(snapshotId), Math.min(waitsMs, this.#options.quietMs)).unref())
  }

  async close(): Promise<void> {
    for (const id of [...this.#waiting.keys()]) this.#begin(id)
    await Promise.race([this.#work, delay(closesWithinMs, undefined, { ref: false })])
  }

  #begin(snapshotId: string): void {
    clearTimeout(this.#waiting.get(snapshotId))
    this.#waiting.delete(snapshotId)
    this.#work = this.#work.then(() => this.#sync(snapshotId)).catch((error) => this.#options.onError(error, snapshotId))
  }

  async #sync(snapshotId: string): Promise<void> {
    const there = () => findSnapshot(this.#db, snapshotId)
    if (!(await there())) return
    const { machines } = await snapshotRecord(this.#db, snapshotId)
    try {
      await syncMemory(
        this.#home,
        machines.map(({ memory }) => memory),
      )
      await markDurable(this.#db, snapshotId)
      this.#options.onDurable()
    } catch (error) {
      // Collected meanwhile: nobody needs it any more.
      if (await there()) throw error
    }
  }
}

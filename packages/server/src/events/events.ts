import { can, type Owned } from '@ramet/model/access/can.ts'
import type { Event } from '@ramet/model/api/events.ts'
import type { Events, User } from '../services.ts'
import { Pictures } from './pictures.ts'
import { Told } from './told.ts'

type Listener = (told: Told) => void

/** Where a listener begins: after the event of this id, or with what comes next. */
type Since = number | 'now'

export interface EventStreamOptions {
  /** Snapshot of everything that this user may see, for a client that is new or was away for too long. */
  readonly snapshot: (user: User) => readonly Event[] | Promise<readonly Event[]>
  /** A snapshot that could not be taken; the subscription goes on without it. */
  readonly onError?: (error: unknown) => void
  /** Subjects (runs, images) whose last event is remembered. */
  readonly capacity?: number
  /** After an event, further events of the same subject wait this long, and only the last is published. */
  readonly coalesceMs?: number
  readonly firstId?: number
}

interface Remembered {
  readonly subject: Owned
  readonly told: Told
}

interface Burst {
  readonly timer: NodeJS.Timeout
  latest?: { subject: Owned; event: Event }
}

/**
 * Publishes events to the users who may see their subject. An event carries the whole subject, so the last event of each subject is enough to catch up
 * and only that is kept, not a history. Ids grow, across restarts too (they begin at the microsecond of the start).
 */
export class EventStream implements Events {
  readonly #options: EventStreamOptions
  readonly #pictures: Pictures
  readonly #capacity: number
  readonly #coalesceMs: number
  /** By the name of its subject, oldest event first (a Map keeps the order of insertion). */
  readonly #last = new Map<string, Remembered>()
  readonly #bursts = new Map<string, Burst>()
  readonly #subscribers = new Set<(remembered: Remembered) => void>()
  /** Those that are shown their picture too. */
  #listeners = 0
  #lastId: number
  /** Every event with a greater id is still remembered. */
  #forgottenUpTo: number

  constructor(options: EventStreamOptions) {
    this.#options = options
    this.#pictures = new Pictures(options.snapshot, () => this.#lastId)
    this.#capacity = options.capacity ?? 1000
    this.#coalesceMs = options.coalesceMs ?? 50
    this.#lastId = options.firstId ?? Date.now() * 1000
    this.#forgottenUpTo = this.#lastId
  }

  /** Publishes `event` to users who may see `subject`, the run or image that it is about. */
  publish(subject: Owned, event: Event): void {
    const name = nameOf(event)
    const burst = this.#bursts.get(name)
    if (burst) {
      burst.latest = { subject, event }
      return
    }
    this.#emit(name, subject, event)
    const timer = setTimeout(() => this.#endBurst(name), this.#coalesceMs)
    this.#bursts.set(name, { timer: timer.unref() })
  }

  /** False: nobody would hear of an event, and `passOver` does instead of it. */
  get hasListeners(): boolean {
    return this.#listeners > 0
  }

  /** Something happened that is not told: whoever comes back to an id from before gets a picture. */
  passOver(): void {
    this.#lastId += 1
    this.#forgottenUpTo = this.#lastId
    this.#last.clear()
  }

  subscribe(user: User, listener: Listener, since?: Since): () => void {
    this.#listeners += 1
    const tell = ({ subject, told }: Remembered) => {
      if (can(user, told.event.kind === 'play' ? 'run.list' : 'image.list', subject)) listener(told)
    }
    let isOver = false
    const stop = () => {
      if (!isOver) this.#listeners -= 1
      isOver = true
      this.#subscribers.delete(tell)
    }
    const goOn = (id: number) => {
      for (const remembered of this.#last.values()) if (remembered.told.id > id) tell(remembered)
      this.#subscribers.add(tell)
    }
    if (since === 'now') goOn(this.#lastId)
    else if (since !== undefined && since <= this.#lastId && this.#isRemembered(since)) goOn(since)
    else
      void this.#showPicture(user, listener, () => isOver).then((id) => {
        if (!isOver) goOn(id)
      })
    return stop
  }

  /** Shows the picture and returns the id of the last event in it, after which all are still remembered. */
  async #showPicture(user: User, listener: Listener, isOver: () => boolean): Promise<number> {
    for (;;) {
      let idBefore = this.#lastId
      try {
        const picture = await this.#pictures.of(user)
        idBefore = picture.idBefore
        for (const told of picture.told) if (!isOver()) listener(told)
      } catch (error) {
        this.#options.onError?.(error)
      }
      // More changed meanwhile than is remembered: another look.
      if (isOver() || this.#isRemembered(idBefore)) return idBefore
    }
  }

  /** True when every event after this one is still remembered. */
  #isRemembered(id: number): boolean {
    return id >= this.#forgottenUpTo
  }

  #endBurst(name: string): void {
    const latest = this.#bursts.get(name)?.latest
    this.#bursts.delete(name)
    if (latest) this.publish(latest.subject, latest.event)
  }

  #emit(name: string, subject: Owned, event: Event): void {
    this.#lastId += 1
    const remembered = { subject, told: new Told(this.#lastId, event) }
    this.#last.delete(name)
    this.#last.set(name, remembered)
    for (const [oldest, { told }] of this.#last) {
      if (this.#last.size <= this.#capacity) break
      this.#last.delete(oldest)
      this.#forgottenUpTo = told.id
    }
    for (const tell of [...this.#subscribers]) tell(remembered)
  }
}

const nameOf = (event: Event): string => (event.kind === 'play' ? `play ${event.play.id}` : `image ${event.image.name}`)

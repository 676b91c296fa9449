import { can, type Owned } from '@ramet/model/access/can.ts'
import type { Event } from '@ramet/model/api/events.ts'
import type { Events, User } from '../services.ts'

type Listener = (id: number, event: Event) => void

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
  readonly id: number
  readonly subject: Owned
  readonly event: Event
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
  readonly #capacity: number
  readonly #coalesceMs: number
  /** By the name of its subject, oldest event first (a Map keeps the order of insertion). */
  readonly #last = new Map<string, Remembered>()
  readonly #bursts = new Map<string, Burst>()
  readonly #subscribers = new Set<(remembered: Remembered) => void>()
  #lastId: number
  /** Every event with a greater id is still remembered. */
  #forgottenUpTo: number

  constructor(options: EventStreamOptions) {
    this.#options = options
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

  subscribe(user: User, listener: Listener, lastEventId?: number): () => void {
    const maySee = ({ subject, event }: Remembered) => can(user, event.kind === 'play' ? 'run.list' : 'image.list', subject)
    const tell = (remembered: Remembered) => {
      if (maySee(remembered)) listener(remembered.id, remembered.event)
    }
    if (lastEventId !== undefined && lastEventId >= this.#forgottenUpTo && lastEventId <= this.#lastId) {
      for (const remembered of this.#last.values()) if (remembered.id > lastEventId) tell(remembered)
      this.#subscribers.add(tell)
      return () => void this.#subscribers.delete(tell)
    }

    // Events that happen while the snapshot is taken wait: they are newer than it.
    let waiting: Remembered[] | undefined = []
    let stopped = false
    const receive = (remembered: Remembered) => (waiting ? void waiting.push(remembered) : tell(remembered))
    const idBefore = this.#lastId
    this.#subscribers.add(receive)
    const showPicture = async () => {
      try {
        const picture = await this.#options.snapshot(user)
        for (const event of picture) if (!stopped) listener(idBefore, event)
      } catch (error) {
        this.#options.onError?.(error)
      }
      const missed = waiting ?? []
      waiting = undefined
      for (const remembered of missed) if (!stopped) tell(remembered)
    }
    void showPicture()
    return () => {
      stopped = true
      this.#subscribers.delete(receive)
    }
  }

  #endBurst(name: string): void {
    const latest = this.#bursts.get(name)?.latest
    this.#bursts.delete(name)
    if (latest) this.publish(latest.subject, latest.event)
  }

  #emit(name: string, subject: Owned, event: Event): void {
    this.#lastId += 1
    const remembered = { id: this.#lastId, subject, event }
    this.#last.delete(name)
    this.#last.set(name, remembered)
    for (const [oldest, { id }] of this.#last) {
      if (this.#last.size <= this.#capacity) break
      this.#last.delete(oldest)
      this.#forgottenUpTo = id
    }
    for (const tell of [...this.#subscribers]) tell(remembered)
  }
}

const nameOf = (event: Event): string => (event.kind === 'play' ? `play ${event.play.id}` : `image ${event.image.name}`)

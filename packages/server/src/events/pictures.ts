import type { Event } from '@ramet/model/api/events.ts'
import type { User } from '../services.ts'
import { Told } from './told.ts'

/** Everything that a user may see, as it was when `idBefore` was the last event. */
export interface Picture {
  readonly idBefore: number
  readonly told: readonly Told[]
}

interface AtWork {
  readonly over: Promise<unknown>
  next: Promise<Picture> | undefined
}

/**
 * Pictures for new listeners. All who come while one is being taken share the next one: a picture begins after its listeners came, so that each sees what it did itself
 * before it came.
 */
export class Pictures {
  readonly #take: (user: User) => readonly Event[] | Promise<readonly Event[]>
  readonly #lastId: () => number
  readonly #atWork = new Map<string, AtWork>()

  constructor(take: (user: User) => readonly Event[] | Promise<readonly Event[]>, lastId: () => number) {
    this.#take = take
    this.#lastId = lastId
  }

  /** Rejects with what the taking of it rejects with. */
  of(user: User): Promise<Picture> {
    const atWork = this.#atWork.get(user.id)
    if (!atWork) return this.#begin(user)
    atWork.next ??= atWork.over.then(() => this.#begin(user))
    return atWork.next
  }

  #begin(user: User): Promise<Picture> {
    const idBefore = this.#lastId()
    const take = async () => ({ idBefore, told: (await this.#take(user)).map((event) => new Told(idBefore, event)) })
    const picture = take()
    const atWork: AtWork = {
      over: picture
        .catch(() => {})
        .then(() => {
          if (!atWork.next) this.#atWork.delete(user.id)
        }),
      next: undefined,
    }
    this.#atWork.set(user.id, atWork)
    return picture
  }
}

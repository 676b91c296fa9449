import type { Event } from '@ramet/model/api/events.ts'

/** An event as listeners get it. All of them share it, so it is put into bytes once, however many streams send it. */
export class Told {
  readonly id: number
  readonly event: Event
  #frame: Buffer | undefined

  constructor(id: number, event: Event) {
    this.id = id
    this.event = event
  }

  /** The frame of a stream of server-sent events. */
  get frame(): Buffer {
    this.#frame ??= Buffer.from(`id: ${this.id}\ndata: ${JSON.stringify(this.event)}\n\n`)
    return this.#frame
  }
}

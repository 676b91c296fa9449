import type { Event } from '@ramet/model/api/events.ts'
import type { CreatePlay, Playground } from '@ramet/model/api/wire.ts'
import { createClient } from '../client.ts'
import type { Client, ClientOptions } from '../client-shape.ts'
import type { EventsOptions } from '../events.ts'
import { Run } from './run.ts'
import type { WaitFor } from './until.ts'

// biome-ignore lint/performance/noBarrelFile: programs import all from one place.
export { RametError } from '@ramet/model/errors/error.ts'

export interface StartOptions extends Omit<CreatePlay, 'playground'>, WaitFor {}

/** A Ramet server: `connect({ endpoint, token })`. Works in Node and in pages; every failure is a RametError, with the API's `code` and `hint`. */
export class Ramet {
  /** The API one level below: one function a route. */
  readonly client: Client

  constructor(options: ClientOptions) {
    this.client = createClient(options)
  }

  /** Starts a run of a playground, and resolves when its machines are ready and its init tasks are over. Throws why when that will not be. */
  async start(playground: string, { signal, onProgress, ...body }: StartOptions = {}): Promise<Run> {
    const run = new Run(this.client, await this.client.plays.start({ playground, ...body }))
    return run.initialised({ signal, onProgress })
  }

  /** A run by its id. Throws `not_found`. */
  async run(id: string): Promise<Run> {
    return new Run(this.client, await this.client.plays.get(id))
  }

  /** All runs, newest first. */
  async runs(): Promise<Run[]> {
    return (await this.client.plays.list()).map((play) => new Run(this.client, play))
  }

  playgrounds(filter = 'all'): Promise<Playground[]> {
    return this.client.playgrounds.list(filter)
  }

  /** Everything that happens from now on, until `signal` fires or the loop is left. It connects again by itself. */
  events(options: EventsOptions = {}): AsyncIterable<Event> {
    return this.client.events(options)
  }
}

export const connect = (options: ClientOptions): Ramet => new Ramet(options)

import type { ClonePlay, Play, Playground, PlayTaskDetails, SavePlay } from '@ramet/model/api/wire.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { unknownMachine } from '@ramet/model/errors/errors.ts'
import type { Goal } from '@ramet/model/run/goals.ts'
import type { Client } from '../client-shape.ts'
import { Machine } from './machine.ts'
import { untils, type WaitFor, waitUntil } from './until.ts'

export interface CloneOptions extends ClonePlay, WaitFor {}

/** One run: virtual machines of a playground. */
export class Run {
  readonly #client: Client
  #play: Play

  constructor(client: Client, play: Play) {
    this.#client = client
    this.#play = play
  }

  get id(): string {
    return this.#play.id
  }

  get title(): string {
    return this.#play.title
  }

  /** As it was seen last; `refresh` looks again. */
  get play(): Play {
    return this.#play
  }

  get machines(): Machine[] {
    return this.#play.machines.map(({ name }) => new Machine(this.#client, this.id, name))
  }

  /** A machine by its name; without one, the first of the manifest. Throws `unknown_machine`. */
  machine(name: string | undefined = this.#play.machines[0]?.name): Machine {
    const names = this.#play.machines.map((machine) => machine.name)
    if (name === undefined || !names.includes(name)) throw unknownMachine(name ?? '', names)
    return new Machine(this.#client, this.id, name)
  }

  async refresh(): Promise<this> {
    this.#play = await this.#client.plays.get(this.id)
    return this
  }

  /** Resolves when every machine takes commands. */
  ready(wait: WaitFor = {}): Promise<this> {
    return this.#reach(this.#play, untils.ready, wait)
  }

  /** Resolves when it is ready and its init tasks are over. */
  initialised(wait: WaitFor = {}): Promise<this> {
    return this.#reach(this.#play, untils.initialised, wait)
  }

  /** Switches it off, and keeps its drives and its memory. `powerOff`: shuts the machines down instead. */
  async stop({ powerOff, ...wait }: WaitFor & { powerOff?: boolean } = {}): Promise<this> {
    return this.#reach(await this.#client.plays.stop(this.id, { ...(powerOff ? { powerOff } : {}) }), untils.stopped, wait)
  }

  /** Switches it on where it was stopped. `cold`: boots, although memory was kept. */
  async restart({ cold, ...wait }: WaitFor & { cold?: boolean } = {}): Promise<this> {
    return this.#reach(await this.#client.plays.restart(this.id, { ...(cold ? { cold } : {}) }), untils.ready, wait)
  }

  /** Removes it with all that it holds. */
  async destroy(wait: WaitFor = {}): Promise<void> {
    try {
      await this.#reach(await this.#client.plays.destroy(this.id), untils.destroyed, wait)
    } catch (error) {
      // A server may forget a destroyed run at once.
      if (!(error instanceof RametError && error.code === 'not_found')) throw error
    }
  }

  /** New runs with the content of all its drives; `live`: with its memory too, from one instant, while it goes on. Those that are started are ready when this resolves. */
  async clone({ signal, onProgress, ...body }: CloneOptions = {}): Promise<Run[]> {
    const clones = (await this.#client.plays.clone(this.id, body)).map((play) => new Run(this.#client, play))
    if (body.live || body.start) await Promise.all(clones.map((clone) => clone.ready({ signal, onProgress })))
    return clones
  }

  /** Makes a playground of it, under exactly this name. It must be stopped. */
  save(name: string, texts: Omit<SavePlay, 'name'> = {}): Promise<Playground> {
    return this.#client.plays.save(this.id, { name, ...texts })
  }

  async setTitle(title: string): Promise<this> {
    this.#play = await this.#client.plays.setTitle(this.id, title)
    return this
  }

  /** With what they printed. */
  tasks(): Promise<PlayTaskDetails[]> {
    return this.#client.plays.tasks(this.id)
  }

  /** The run at each change from now on, until `signal` fires, the loop is left, or the run is destroyed. */
  async *changes({ signal }: Pick<WaitFor, 'signal'> = {}): AsyncGenerator<Play> {
    for await (const event of this.#client.events(signal === undefined ? {} : { signal })) {
      if (event.kind !== 'play' || event.play.id !== this.id) continue
      this.#play = event.play
      yield event.play
      if (event.play.state === 'DESTROYED') return
    }
  }

  async #reach(asked: Play, goal: Goal, wait: WaitFor): Promise<this> {
    this.#play = asked
    this.#play = await waitUntil(this.#client, asked, goal, wait)
    return this
  }
}

import type { LiveEvent } from '@ramet/engine/run/live-run.ts'
import type { MachineEnd } from '@ramet/engine/run/start.ts'
import type { MachineState } from '@ramet/model/run-state.ts'
import type { Kysely } from 'kysely'
import type { Database } from '../store/schema.ts'
import { changeMachine } from './run-rows.ts'

/** Writes what happens to a run's machines into their rows, in order. */
export class MachineWatch {
  readonly #runId: string
  readonly #db: Kysely<Database>
  readonly #changed: () => void
  #queue: Promise<void> = Promise.resolve()

  constructor(runId: string, db: Kysely<Database>, changed: () => void) {
    this.#runId = runId
    this.#db = db
    this.#changed = changed
  }

  note(event: LiveEvent): Promise<void> {
    switch (event.kind) {
      case 'reset':
        return this.#write(event.machine, 'REBOOTING', false)
      case 'link':
        // A link that is lost for a moment says nothing about the machine; only its return does.
        return event.isReady ? this.#write(event.machine, 'RUNNING', true) : Promise.resolve()
      case 'ended':
        return this.#ended(event.machine, event.end)
    }
  }

  async off(machines: ReadonlyMap<string, MachineEnd>): Promise<void> {
    for (const [machine, end] of machines) await this.#ended(machine, end)
  }

  async all(state: MachineState, names: readonly string[], isReady = false): Promise<void> {
    for (const name of names) await this.#write(name, state, isReady)
  }

  #ended(machine: string, end: MachineEnd): Promise<void> {
    switch (end) {
      case 'powered-off':
      case 'never-started':
        return this.#write(machine, 'STOPPED', false)
      case 'killed':
        return this.#write(machine, 'FAILED', false, 'Its process was ended from outside.')
      case 'crashed':
        return this.#write(machine, 'FAILED', false, 'It crashed.')
    }
  }

  #write(machine: string, state: MachineState, isReady: boolean, message?: string): Promise<void> {
    this.#queue = this.#queue
      .then(() => changeMachine(this.#db, this.#runId, machine, state, isReady, message))
      .then(this.#changed)
    const written = this.#queue
    this.#queue = this.#queue.catch(() => {})
    return written
  }
}

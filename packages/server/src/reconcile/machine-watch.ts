import { setTimeout as delay } from 'node:timers/promises'
import { isSpaceError, type MachineEnd, type MachineEvent, type MachineOn } from '@ramet/engine'
import type { MachineState } from '@ramet/model/run/run-state.ts'
import { type MachineNote, noteMachine, noteTroubles } from '../runs/machine.ts'
import type { Db } from '../store/database.ts'

/** States in which an answer makes a machine RUNNING: all but those of a shutdown. */
const mayBecomeReady: readonly MachineState[] = ['CREATED', 'WARMING_UP', 'WARMED_UP', 'STARTING', 'REBOOTING', 'RUNNING']

const waitsForSpace =
  'It is paused until there is space on the host’s disk again: it wrote, and there was none. Nothing is lost. Destroy a run that is not needed: ramet playground list -a'

/** A guest that fills the disk takes the store's space too, until the reserve is given up (`reserve.ts`, which looks every two seconds). */
const betweenTriesMs = 500

/** Writes events of a run's machines into their rows, in order. */
export class MachineWatch {
  readonly #runId: string
  readonly #db: Db
  readonly #changed: () => void
  readonly #closing = new AbortController()
  #queue: Promise<void> = Promise.resolve()
  #wasSilent: ReadonlySet<string> = new Set()

  constructor(runId: string, db: Db, changed: () => void) {
    this.#runId = runId
    this.#db = db
    this.#changed = changed
  }

  /** Nothing asks for an event again, so it is kept until the disk has space for it, and what comes after it waits. Resolves at once when closed. */
  note(event: MachineEvent): Promise<void> {
    switch (event.kind) {
      case 'reset':
        return this.#keep(event.machine, { state: 'REBOOTING', from: ['RUNNING', 'STARTING'] })
      case 'link':
        if (event.isReady) return this.#keep(event.machine, { state: 'RUNNING', isReady: true, from: mayBecomeReady })
        return this.#keep(event.machine, silent(event.why))
      case 'space':
        return this.#keep(event.machine, {
          state: 'RUNNING',
          isReady: !event.waits,
          ...(event.waits ? { message: waitsForSpace } : {}),
          from: ['RUNNING'],
        })
      case 'boot-failed':
        void this.#noteTroubles(event.machine, [sentence(event.why)])
        return this.write(event.machine, { ...silent(event.why), from: ['RUNNING', 'REBOOTING'] })
      case 'troubles':
        return this.#noteTroubles(event.machine, event.troubles)
      case 'ended':
        // Other ends are handled by `watch-machines.ts`: we may have caused them ourselves.
        return event.end === 'powered-off'
          ? this.#keep(event.machine, { state: 'STOPPED', from: ['STOPPING'] })
          : Promise.resolve()
    }
  }

  /** Returns those of the machines that do not answer that did not at the last look either. */
  silentAgain(silentNow: readonly MachineOn[]): MachineOn[] {
    const again = silentNow.filter(({ machine }) => this.#wasSilent.has(machine))
    this.#wasSilent = new Set(silentNow.map(({ machine }) => machine))
    return again
  }

  write(machine: string, change: MachineNote): Promise<void> {
    return this.#inTurn(() => noteMachine(this.#db, this.#runId, machine, change))
  }

  close(): void {
    this.#closing.abort()
  }

  #keep(machine: string, change: MachineNote): Promise<void> {
    return this.#inTurn(() => this.#onceThereIsSpace(() => noteMachine(this.#db, this.#runId, machine, change)))
  }

  #noteTroubles(machine: string, troubles: readonly string[]): Promise<void> {
    return this.#inTurn(() => this.#onceThereIsSpace(() => noteTroubles(this.#db, this.#runId, machine, troubles)))
  }

  async #onceThereIsSpace(note: () => Promise<boolean>): Promise<boolean> {
    const { signal } = this.#closing
    while (!signal.aborted)
      try {
        return await note()
      } catch (error) {
        if (!isSpaceError(error)) throw error
        await delay(betweenTriesMs, undefined, { signal, ref: false }).catch(() => {})
      }
    return false
  }

  #inTurn(note: () => Promise<boolean>): Promise<void> {
    this.#queue = this.#queue.then(note).then((isChanged) => {
      if (isChanged) this.#changed()
    })
    const written = this.#queue
    this.#queue = this.#queue.catch(() => {})
    return written
  }
}

/** A RUNNING machine that does not answer. `why`: a sentence, its first letter small. */
export const silent = (why = 'it does not answer.'): MachineNote => ({
  state: 'RUNNING',
  message: `${sentence(why)} If that does not pass, boot it: ramet playground machine reboot`,
  from: ['RUNNING'],
  whileRunning: true,
})

const sentence = (why: string) => `${why.charAt(0).toUpperCase()}${why.slice(1)}`

/** What is noted of a machine when the steps that bring it up are done: it answers, or its boot stopped at a shell. */
export const cameUp = (machines: readonly MachineOn[], name: string): MachineNote => {
  const { isReady = true, why } = machines.find(({ machine }) => machine === name) ?? {}
  return isReady ? { state: 'RUNNING', isReady } : { state: 'RUNNING', message: silent(why).message }
}

/** State and reason of a machine that ended by itself while it was wanted on. */
export function afterEnd(machine: string, end: MachineEnd): MachineNote {
  switch (end) {
    case 'powered-off':
    case 'never-started':
      return { state: 'STOPPED', wanted: 'STOPPED' }
    case 'killed':
      return { state: 'FAILED', wanted: 'STOPPED', message: `The machine ${machine} was ended from outside.` }
    case 'crashed':
      return { state: 'FAILED', wanted: 'STOPPED', message: `The machine ${machine} crashed.` }
  }
}

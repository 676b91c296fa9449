import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { VmIdentity, VmSpec } from '../../vmm/vmm.ts'
import { fakeFiles, isAlive, type ProcessIdentity } from './fake-files.ts'
import { type ControlCommand, type ControlEvent, type Greeting, lineReader } from './fake-protocol.ts'

/** A held control connection. */
export class FakeControl {
  readonly greeting: Greeting
  readonly closed: Promise<void>
  readonly listeners = new Set<(event: ControlEvent) => void>()
  readonly #socket: Socket
  readonly #answers = new Map<number, PromiseWithResolvers<Done>>()
  #number = 0

  constructor(socket: Socket, greeting: Greeting) {
    this.#socket = socket
    this.greeting = greeting
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()))
    void this.closed.then(() => {
      for (const answer of this.#answers.values()) answer.reject(new Error('the connection to the VM was lost'))
    })
  }

  take(event: ControlEvent): void {
    if (event.event === 'done') this.#answers.get(event.number)?.resolve(event)
    for (const listener of this.listeners) listener(event)
  }

  /** Resolves with whether the machine runs. */
  async send(command: WithoutNumber<ControlCommand>): Promise<boolean> {
    if (this.#socket.destroyed) throw new Error('the connection to the VM was lost')
    const number = ++this.#number
    const answer = Promise.withResolvers<Done>()
    this.#answers.set(number, answer)
    this.#socket.write(`${JSON.stringify({ ...command, number })}\n`)
    try {
      const { isRunning, error } = await answer.promise
      if (error !== undefined) throw new Error(error)
      return isRunning
    } finally {
      this.#answers.delete(number)
    }
  }

  close(): void {
    this.#socket.destroy()
  }
}
type Done = Extract<ControlEvent, { event: 'done' }>
export type WithoutNumber<T> = T extends unknown ? Omit<T, 'number'> : never

/** Undefined when it does not answer (yet). */
export async function tryControl(
  { folder, runId, machine }: VmIdentity | VmSpec,
  identity: ProcessIdentity,
): Promise<FakeControl | undefined> {
  const socket = connect(fakeFiles(folder).control)
  try {
    await once(socket, 'connect')
    const greeted = Promise.withResolvers<FakeControl>()
    let control: FakeControl | undefined
    socket.on(
      'data',
      lineReader((line) => {
        const event = JSON.parse(line) as ControlEvent
        if (event.event === 'greeting') {
          control = new FakeControl(socket, event)
          greeted.resolve(control)
        } else control?.take(event)
      }),
    )
    socket.on('error', () => {})
    socket.once('close', () => greeted.reject(new Error('closed')))
    const { greeting } = await greeted.promise
    if (!control || greeting.runId !== runId || greeting.machine !== machine || !(await isAlive(identity)))
      throw new Error('another machine')
    return control
  } catch {
    socket.destroy()
    return undefined
  }
}

import { createConnection, type Socket } from 'node:net'
import { saidReason } from '../../guest/said.ts'

/**
 * QMP, QEMU's control protocol (qemu docs/interop/qmp-spec): JSON lines over a unix socket; greeting, capabilities, replies by id, events. A QEMU that its
 * guest took over sends whatever it likes: then the connection ends, and nothing else.
 */
export interface QmpEvent {
  readonly event: string
  readonly data: Record<string, unknown>
}

/** QEMU refused a command: `errorClass` is QMP's (`GenericError`, `DeviceNotActive`…). */
export class QmpError extends Error {
  readonly errorClass: string

  constructor(command: string, errorClass: string, description: string) {
    super(`${command}: ${description}`)
    this.name = 'QmpError'
    this.errorClass = errorClass
  }
}

/** The connection closed before the answer came. */
export class QmpClosed extends Error {}

/** Longest line. The graph of 24 drives has less than 1 MB; a longer one does not come from QEMU. */
const longestLine = 4 * 1024 * 1024
/** Characters that are taken at once, and then in a second: more than QEMU ever says, and little work for the server. */
const allowance = { atOnce: longestLine, perSecond: 2 * 1024 * 1024 }
/** Of what QEMU says of a failure. */
const longestReason = 1000
const answerWithinMs = 30_000

interface Waiting {
  readonly command: string
  readonly timer: NodeJS.Timeout
  resolve(value: unknown): void
  reject(error: Error): void
}

export class QmpClient {
  readonly #socket: Socket
  readonly #waiting = new Map<number, Waiting>()
  readonly #listeners = new Set<(event: QmpEvent) => void>()
  readonly #closed = Promise.withResolvers<void>()
  readonly #greeted = Promise.withResolvers<void>()
  #rest = ''
  #allowed = allowance.atOnce
  #countedAt = performance.now()
  #nextId = 1
  #isClosed = false

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('utf8')
    socket.on('data', (text: string) => this.#take(text))
    socket.on('error', () => socket.destroy())
    socket.on('close', () => this.#end())
    this.#greeted.promise.catch(() => {})
  }

  /** Connects and negotiates. One client a monitor at a time: a second one waits in the socket's queue until the first is gone. */
  static async connect(path: string, timeoutMs = 5_000): Promise<QmpClient> {
    const socket = createConnection(path)
    const client = new QmpClient(socket)
    const timer = setTimeout(() => socket.destroy(), timeoutMs)
    try {
      await client.#greeted.promise
      await client.execute('qmp_capabilities')
      return client
    } catch (error) {
      socket.destroy()
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  get closed(): Promise<void> {
    return this.#closed.promise
  }

  execute<T = unknown>(command: string, args?: Record<string, unknown>, timeoutMs = answerWithinMs): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    if (this.#isClosed) return Promise.reject(new QmpClosed(`${command}: the connection to QEMU is closed`))
    const id = this.#nextId++
    const timer = setTimeout(() => {
      this.#waiting.delete(id)
      reject(new QmpClosed(`${command}: QEMU did not answer within ${timeoutMs / 1000} s`))
    }, timeoutMs)
    this.#waiting.set(id, { command, timer, resolve: resolve as (value: unknown) => void, reject })
    this.#socket.write(`${JSON.stringify({ execute: command, ...(args === undefined ? {} : { arguments: args }), id })}\r\n`)
    return promise
  }

  listen(listener: (event: QmpEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(text: string): void {
    this.#count(text.length)
    this.#rest += text
    if (this.#rest.length > longestLine) return void this.#socket.destroy()
    // A long line is looked at once, when it has ended.
    if (!text.includes('\n')) return
    const lines = this.#rest.split('\n')
    this.#rest = lines.pop() ?? ''
    try {
      for (const line of lines) if (line.trim() !== '') this.#dispatch(recordOf(JSON.parse(line)))
    } catch {
      // What is no QMP, or holds what whoever listens cannot read.
      this.#socket.destroy()
    }
  }

  /** Reads no further for a while when more comes than is allowed. */
  #count(characters: number): void {
    const now = performance.now()
    const since = ((now - this.#countedAt) / 1000) * allowance.perSecond
    this.#allowed = Math.min(allowance.atOnce, this.#allowed + since) - characters
    this.#countedAt = now
    if (this.#allowed >= 0) return
    this.#socket.pause()
    setTimeout(() => this.#socket.resume(), (-this.#allowed / allowance.perSecond) * 1000).unref()
  }

  #dispatch(message: Record<string, unknown>): void {
    if ('QMP' in message) {
      this.#greeted.resolve()
      return
    }
    if (typeof message.event === 'string') {
      const event = { event: message.event, data: recordOf(message.data) }
      for (const listener of [...this.#listeners]) listener(event)
      return
    }
    const { id } = message
    const waiting = typeof id === 'number' ? this.#waiting.get(id) : undefined
    if (!waiting) return
    this.#waiting.delete(id as number)
    clearTimeout(waiting.timer)
    if ('error' in message) {
      const error = recordOf(message.error)
      const reason = saidReason(textOf(error.desc, 'unknown error'), longestReason)
      waiting.reject(new QmpError(waiting.command, textOf(error.class, 'GenericError').slice(0, 100), reason))
    } else {
      waiting.resolve(message.return)
    }
  }

  #end(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const { command, timer, reject } of this.#waiting.values()) {
      clearTimeout(timer)
      reject(new QmpClosed(`${command}: QEMU closed the connection`))
    }
    this.#waiting.clear()
    this.#greeted.reject(new QmpClosed('QEMU closed the connection before its greeting'))
    this.#closed.resolve()
  }
}

const recordOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}

const textOf = (value: unknown, otherwise: string): string => (typeof value === 'string' ? value : otherwise)

import { createConnection, type Socket } from 'node:net'

/** QMP, QEMU's control protocol (qemu docs/interop/qmp-spec): JSON lines over a unix socket; greeting, capabilities, replies by id, events. */
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

/** Longest line. QEMU's lines are a few kB; a longer one does not come from QEMU. */
const longestLine = 16 * 1024 * 1024
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
    this.#rest += text
    if (this.#rest.length > longestLine) return void this.#socket.destroy()
    const lines = this.#rest.split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line.trim() === '') continue
      let message: unknown
      try {
        message = JSON.parse(line)
      } catch {
        return void this.#socket.destroy()
      }
      if (typeof message === 'object' && message !== null) this.#dispatch(message as Record<string, unknown>)
    }
  }

  #dispatch(message: Record<string, unknown>): void {
    if ('QMP' in message) {
      this.#greeted.resolve()
      return
    }
    if (typeof message.event === 'string') {
      const event = { event: message.event, data: (message.data ?? {}) as Record<string, unknown> }
      for (const listener of [...this.#listeners]) listener(event)
      return
    }
    const waiting = this.#waiting.get(Number(message.id))
    if (!waiting) return
    this.#waiting.delete(Number(message.id))
    clearTimeout(waiting.timer)
    if ('error' in message) {
      const error = message.error as { class?: string; desc?: string }
      waiting.reject(new QmpError(waiting.command, error.class ?? 'GenericError', error.desc ?? 'unknown error'))
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

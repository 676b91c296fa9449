import { ackEveryBytes, type ClientMessage, outputs, type ServerMessage } from '@ramet/model/api/stream.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import type { Connection } from './http.ts'
import { openWebSocket } from './web-socket.ts'

export type Channel = keyof typeof outputs
export interface Exit {
  readonly code: number
  readonly signal?: string | undefined
}
export type SignalName = Extract<ClientMessage, { type: 'signal' }>['name']

/** May be asynchronous: bytes count as consumed, and the server sends more, when it has resolved. */
export type OutputConsumer = (channel: Channel, bytes: Uint8Array) => void | Promise<void>

export interface StreamOptions {
  /** Sent as the first frame. */
  readonly first?: ClientMessage
  /** The stream has no exit status; an orderly close is its end (the console). */
  readonly endsByClose?: boolean
  /** Finds out why the server did not let us in: browsers and Node hide the HTTP answer to a refused websocket. */
  readonly explain?: () => Promise<unknown>
}

/** Input held in this process at most, before `write` waits. */
const maxBufferedBytes = 1024 * 1024
const drainPollMs = 5

/** A terminal, a command or the console of a machine: bytes both ways over one websocket, as model/stream.ts says. */
export class MachineStream {
  /** Attached; `resumed`: the shell was there before, and its scrollback follows. Rejects as `exit` does. */
  readonly ready: Promise<{ resumed: boolean }>
  /** The end, after all output was consumed. Rejects with `connection_lost` when the connection broke, or with what the server said. */
  readonly exit: Promise<Exit>

  readonly #socket: WebSocket
  readonly #options: StreamOptions
  readonly #ready = Promise.withResolvers<{ resumed: boolean }>()
  readonly #exit = Promise.withResolvers<Exit>()
  /** Frames asked for before the server said `ready`: input that comes sooner has nowhere to go there. */
  #early: (string | Uint8Array<ArrayBuffer>)[] | undefined = []
  #arrived: (ArrayBuffer | ServerMessage)[] = []
  #consumer: OutputConsumer | undefined
  #isConsuming = false
  #unacknowledged = 0
  #hasStood = false
  #isOver = false

  constructor(connection: Connection, path: string, options: StreamOptions = {}) {
    this.#options = options
    this.ready = this.#ready.promise
    this.exit = this.#exit.promise
    // Whoever waits gets the error; whoever does not wait is not to be killed by it.
    this.ready.catch(() => {})
    this.exit.catch(() => {})
    this.#socket = openWebSocket(connection, path)
    this.#socket.binaryType = 'arraybuffer'
    this.#socket.onopen = () => {
      this.#hasStood = true
      if (options.first) this.#socket.send(JSON.stringify(options.first))
    }
    this.#socket.onmessage = ({ data }: MessageEvent<ArrayBuffer | string>) => {
      this.#arrived.push(typeof data === 'string' ? (JSON.parse(data) as ServerMessage) : data)
      void this.#consume()
    }
    this.#socket.onclose = ({ code, reason }) => void this.#closed(code, reason)
  }

  /** Sets who takes the output; what came before waits. */
  onOutput(consumer: OutputConsumer): void {
    this.#consumer = consumer
    void this.#consume()
  }

  /** Sends input; resolves when there is room for more, so that a big file is not piled up in memory. */
  async write(bytes: Uint8Array | string): Promise<void> {
    this.#send(typeof bytes === 'string' ? new TextEncoder().encode(bytes) : new Uint8Array(bytes))
    while (!this.#isOver && this.#buffered() > maxBufferedBytes) {
      // The WebSocket API has no event for "drained".
      await new Promise((resolve) => setTimeout(resolve, drainPollMs))
    }
  }

  resize(cols: number, rows: number): void {
    this.#control({ type: 'resize', cols, rows })
  }

  /** No more input will come. */
  eof(): void {
    this.#control({ type: 'eof' })
  }

  signal(name: SignalName): void {
    this.#control({ type: 'signal', name })
  }

  /** Leaves. A terminal's shell lives on; a command ends. `exit` rejects with `connection_lost` if it was still open. */
  close(): void {
    this.#end(lost('it was closed here'))
    this.#socket.close(1000)
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #begin(resumed: boolean): void {
    const early = this.#early ?? []
    this.#early = undefined
    for (const frame of early) this.#socket.send(frame)
    this.#ready.resolve({ resumed })
  }

  #buffered(): number {
    if (this.#early) return this.#early.reduce((sum, frame) => sum + frame.length, 0)
    return this.#socket.bufferedAmount
  }

  #control(message: ClientMessage): void {
    this.#send(JSON.stringify(message))
  }

  #send(frame: string | Uint8Array<ArrayBuffer>): void {
    if (this.#isOver) return
    if (this.#early) this.#early.push(frame)
    else this.#socket.send(frame)
  }

  /** Hands over what has arrived, one frame after the other, so that exit comes after the last byte. */
  async #consume(): Promise<void> {
    if (this.#isConsuming) return
    this.#isConsuming = true
    try {
      while (!this.#isOver) {
        const next = this.#arrived[0]
        if (next === undefined || (next instanceof ArrayBuffer && !this.#consumer)) break
        this.#arrived.shift()
        if (next instanceof ArrayBuffer) await this.#output(next)
        else this.#message(next)
      }
    } catch (error) {
      this.#end(error)
      this.#socket.close()
    } finally {
      this.#isConsuming = false
    }
  }

  async #output(frame: ArrayBuffer): Promise<void> {
    const bytes = new Uint8Array(frame, 1)
    const channel: Channel = new DataView(frame).getUint8(0) === outputs.stderr ? 'stderr' : 'stdout'
    await this.#consumer?.(channel, bytes)
    this.#unacknowledged += bytes.length
    if (this.#unacknowledged < ackEveryBytes) return
    this.#control({ type: 'ack', bytes: this.#unacknowledged })
    this.#unacknowledged = 0
  }

  #message(message: ServerMessage): void {
    if (message.type === 'ready') this.#begin(message.resumed ?? false)
    if (message.type === 'exit') {
      this.#ready.resolve({ resumed: false })
      this.#exit.resolve({ code: message.code, signal: message.signal })
      this.#isOver = true
      this.#socket.close(1000)
    }
    if (message.type === 'error') {
      const status = message.code === 'invalid_input' ? 400 : 500
      this.#end(new RametError(message.code, status, message.message, { hint: message.hint }))
    }
  }

  async #closed(code: number, reason: string): Promise<void> {
    // Frames that came before the close are consumed first: among them may be the exit.
    while (!this.#isOver && (this.#isConsuming || (this.#arrived.length > 0 && this.#consumer))) {
      await new Promise((resolve) => setTimeout(resolve, drainPollMs))
    }
    if (this.#isOver) return
    if (this.#options.endsByClose && code === 1000) {
      this.#ready.resolve({ resumed: false })
      this.#exit.resolve({ code: 0 })
      this.#isOver = true
      return
    }
    if (!this.#hasStood && this.#options.explain) {
      try {
        await this.#options.explain()
      } catch (error) {
        return this.#end(error)
      }
    }
    this.#end(lost(reason || `websocket code ${code}`))
  }

  #end(error: unknown): void {
    this.#isOver = true
    this.#ready.reject(error)
    this.#exit.reject(error)
  }
}

const lost = (why: string) =>
  new RametError('connection_lost', 503, `The connection to the machine ended: ${why}.`, {
    hint: 'The machine itself goes on; connect again.',
  })

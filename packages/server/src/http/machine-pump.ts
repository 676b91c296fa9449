import type { Readable, Writable } from 'node:stream'
import { type ClientMessage, clientMessageSchema, type ServerMessage, windowBytes } from '@ramet/model/api/stream.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { internalError } from '@ramet/model/errors/errors.ts'
import { WebSocket } from 'ws'
import { toRametError } from './error-answers.ts'

/** Close codes (RFC 6455, 7.4.1). */
const closeCodes = { ended: 1000, protocolFault: 1008, failed: 1011 } as const

/** Bytes of a close's reason (RFC 6455, 5.5). */
const longestReason = 123

/**
 * Copies bytes between one websocket and streams of a guest (protocol: model's stream.ts) in bounded memory: output waits for the client's
 * acknowledgements, input for the guest's.
 */
export class MachinePump {
  readonly #socket: WebSocket
  readonly #outputs = new Set<Readable>()
  #unacknowledged = 0
  #input: Writable | undefined
  /** Input that arrived before `setInput`. */
  #early: Buffer[] | undefined
  #isInputHeld = false
  #isClosing = false

  constructor(socket: WebSocket) {
    this.#socket = socket
  }

  /** Calls back with every control message except acknowledgements, which are handled here. An invalid message closes the websocket. */
  onMessage(listener: (message: Exclude<ClientMessage, { type: 'ack' }>) => void): void {
    this.#socket.on('message', (frame: Buffer, isBinary) => {
      if (this.#isClosing) return
      if (isBinary) return this.#take(frame)
      const message = parseMessage(frame)
      if (typeof message === 'string') return this.fault(message)
      if (message.type !== 'ack') return listener(message)
      if (message.bytes > this.#unacknowledged) return this.fault('More was acknowledged than was sent.')
      this.#unacknowledged -= message.bytes
      this.#regulate()
    })
  }

  /** Allows input from now on; it is held until `setInput`. */
  expectInput(): void {
    this.#early = []
  }

  setInput(input: Writable): void {
    this.#input = input
    // Input for a command that has ended is no fault of the client; the exit message follows.
    input.on('error', () => this.#holdInput(false))
    input.on('close', () => this.#holdInput(false))
    input.on('drain', () => this.#holdInput(false))
    const early = this.#early ?? []
    this.#early = undefined
    this.#holdInput(false)
    for (const bytes of early) this.#take(bytes)
  }

  /** Sends all of `output` as `channel`; resolves at its end. */
  async send(output: Readable, channel: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#outputs.add(output)
    output.on('data', (chunk: Buffer) => {
      this.#unacknowledged += chunk.length
      this.#socket.send(Buffer.concat([Buffer.of(channel), chunk]), () => this.#regulate())
      this.#regulate()
    })
    output.on('end', resolve)
    output.on('close', resolve)
    output.on('error', reject)
    try {
      await promise
    } finally {
      this.#outputs.delete(output)
    }
  }

  say(message: ServerMessage): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message))
  }

  end(): void {
    this.#close(closeCodes.ended, '')
  }

  fault(why: string): void {
    this.say({ type: 'error', code: 'invalid_input', message: why })
    this.#close(closeCodes.protocolFault, why.replace(/[^ -~]/g, '?').slice(0, longestReason))
  }

  /** Sends the error and closes. Returns false for a fault of ours, whose details the client does not get. */
  fail(error: unknown): boolean {
    const known = toRametError(error)
    const told = known ?? internalError()
    this.say({ type: 'error', code: told.code, message: told.message, ...(told.hint === undefined ? {} : { hint: told.hint }) })
    this.#close(closeCodes.failed, told.code)
    return known instanceof RametError
  }

  #close(code: number, reason: string): void {
    // A paused websocket would never read the client's half of the closing handshake, and what it was sent meanwhile must not pause it again.
    this.#isClosing = true
    this.#socket.resume()
    this.#socket.close(code, reason)
  }

  #take(bytes: Buffer): void {
    if (!this.#input) {
      // Pausing stops the connection, not the frames that were read from it already: one read, and one frame that it completes.
      if (this.#early) this.#early.push(bytes)
      else this.fault('Input came before its time.')
      this.#holdInput(this.#early !== undefined)
      return
    }
    if (!this.#input.writable || this.#input.write(bytes)) return
    this.#holdInput(true)
  }

  #holdInput(isHeld: boolean): void {
    if (this.#isInputHeld === isHeld) return
    this.#isInputHeld = isHeld
    if (isHeld && !this.#isClosing) this.#socket.pause()
    else this.#socket.resume()
    this.#regulate()
  }

  #regulate(): void {
    // While input is held back acknowledgements are too, being behind it. A command that must be rid of output before it takes more input (`cat`)
    // would then wait for ever, so TCP alone holds output back until input moves again.
    const mayFlow = (this.#isInputHeld || this.#unacknowledged <= windowBytes) && this.#socket.bufferedAmount <= windowBytes
    for (const output of this.#outputs) {
      if (mayFlow && output.isPaused()) output.resume()
      else if (!mayFlow && !output.isPaused()) output.pause()
    }
  }
}

/** The message, or what is wrong with it. */
function parseMessage(frame: Buffer): ClientMessage | string {
  try {
    const { data, error } = clientMessageSchema.safeParse(JSON.parse(frame.toString()))
    const [issue] = error?.issues ?? []
    return data ?? `This control message is not understood: ${[...(issue?.path ?? []), issue?.message].join(': ')}.`
  } catch {
    return 'This control message is not understood: it is no JSON.'
  }
}

import { constants } from 'node:os'
import { Writable } from 'node:stream'
import { guestUnreachable } from '@ramet/model/errors/errors.ts'
import type { GuestProcess } from '../guest.ts'
import { uint32 } from '../uint32.ts'
import { type Ask, asks, type ChannelFrame, inputWindow, nothingListens, payloadLength, says } from './channel-frames.ts'
import { ChannelOutput } from './channel-output.ts'
import { terminalSize } from './requests.ts'

/** What a channel needs of its connection. */
export interface Wire {
  send(type: Ask, payload?: Uint8Array): void
  /** Asks for calls of `sendSome` while the connection takes something. */
  wantsToSend(): void
}

/** How the guest refuses to open a channel. */
export class Refused extends Error {
  readonly nothingListens: boolean

  constructor(payload: Buffer) {
    // The guest's own words: printable, and short.
    const words = payload.toString('latin1', 1, 200).replace(/[^ -~]/g, '?')
    super(words)
    this.nothingListens = payload[0] === nothingListens
  }
}

export interface Exit {
  readonly code: number
  readonly signal?: string
}

/** One command, tool or connection in the guest: its streams and its end. */
export class Channel {
  readonly stdin: Writable
  readonly stdout: ChannelOutput
  readonly stderr: ChannelOutput
  /** Settles when the last output is in the streams, which need not have been read. */
  readonly exit: Promise<Exit>
  readonly #wire: Wire
  readonly #opened = Promise.withResolvers<void>()
  readonly #exit = Promise.withResolvers<Exit>()
  /** Input that the guest has not granted yet, and whom to tell when it is sent. */
  #input: Buffer = Buffer.alloc(0)
  #sent: (() => void) | undefined
  #granted = inputWindow
  /** The guest was asked to hang up, or has ended it. */
  #isOver = false

  constructor(wire: Wire) {
    this.#wire = wire
    this.exit = this.#exit.promise
    // A caller that only reads the streams must not get an unhandled rejection for a lost connection.
    this.exit.catch(() => {})
    this.stdout = new ChannelOutput((bytes) => this.#tell(asks.grantOut, uint32(bytes)))
    this.stderr = new ChannelOutput((bytes) => this.#tell(asks.grantErr, uint32(bytes)))
    this.stdin = new Writable({
      write: (bytes: Buffer, _encoding, done) => {
        // A command may end before its input is written: as with a pipe that nobody reads, the rest is dropped, and the end tells the result.
        if (this.#isOver) return done()
        this.#input = bytes
        this.#sent = done
        this.#wire.wantsToSend()
      },
      final: (done) => {
        this.#tell(asks.inputEnd)
        done()
      },
    }).on('error', () => {})
  }

  /** Resolves when the guest has opened it. Rejects with `Refused`, or when the connection is lost. */
  get opened(): Promise<void> {
    return this.#opened.promise
  }

  /** Sends one frame of input at most; true when more could follow at once. */
  sendSome(): boolean {
    if (this.#isOver || this.#input.length === 0 || this.#granted === 0) return false
    const length = Math.min(payloadLength(this.#input), this.#granted)
    this.#wire.send(asks.input, this.#input.subarray(0, length))
    this.#granted -= length
    this.#input = this.#input.subarray(length)
    if (this.#input.length === 0) this.#settleInput()
    return this.#input.length > 0 && this.#granted > 0
  }

  /** Throws when the guest breaks the protocol. Returns true when the frame was the channel's last. */
  take({ type, payload }: ChannelFrame): boolean {
    switch (type) {
      case says.opened:
        this.#opened.resolve()
        return false
      case says.out:
        this.stdout.receive(payload)
        return false
      case says.err:
        this.stderr.receive(payload)
        return false
      case says.outEnd:
        this.stdout.finish()
        return false
      case says.errEnd:
        this.stderr.finish()
        return false
      case says.grantInput:
        // No guest can make us send more than a window at a time.
        this.#granted = Math.min(inputWindow, this.#granted + (payload.length === 4 ? payload.readUInt32BE() : 0))
        this.#wire.wantsToSend()
        return false
      case says.refused:
        this.#opened.reject(new Refused(payload))
        this.lost()
        return true
      case says.exit:
        this.#end()
        this.#exit.resolve(exitOf(payload))
        this.#opened.reject(new Error('it ended before it began'))
        return true
      default:
        throw new Error('the guest sends no frames of a channel')
    }
  }

  tell(type: Ask, payload: Uint8Array): void {
    this.#tell(type, payload)
  }

  /** Hangs up. Nobody waits for the guest's word on it. */
  close(): void {
    this.#tell(asks.close)
    this.#end()
    for (const stream of [this.stdin, this.stdout, this.stderr]) stream.destroy()
    this.#exit.reject(hungUp())
  }

  /** The connection is gone. */
  lost(): void {
    this.#opened.promise.catch(() => {})
    this.#opened.reject(new Error('the connection was lost'))
    this.#end()
    this.#exit.reject(hungUp())
  }

  #tell(type: Ask, payload?: Uint8Array): void {
    if (!this.#isOver) this.#wire.send(type, payload)
  }

  #end(): void {
    this.#isOver = true
    this.#input = Buffer.alloc(0)
    this.#settleInput()
    this.stdin.destroy()
    this.stdout.finish()
    this.stderr.finish()
  }

  #settleInput(): void {
    const sent = this.#sent
    this.#sent = undefined
    sent?.()
  }
}

const hungUp = () => guestUnreachable('the connection was lost before the command ended.')

/** Codes as a shell counts them: 128 + the signal's number. */
function exitOf(payload: Buffer): Exit {
  const [code = 255, signal = 0] = payload
  return signal === 0 ? { code } : { code: 128 + signal, signal: signalName(signal) }
}

export const signalName = (number: number): string =>
  Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `SIG${number}`

export function processOf(channel: Channel): GuestProcess {
  const { stdin, stdout, stderr, exit } = channel
  return {
    ...{ stdin, stdout, stderr, exit },
    resize: (cols, rows) => channel.tell(asks.resize, terminalSize(cols, rows)),
    signal: (name) => channel.tell(asks.signal, Buffer.of(constants.signals[`SIG${name}`])),
    close: () => channel.close(),
  }
}

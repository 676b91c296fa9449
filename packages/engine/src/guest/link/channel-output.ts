import { Readable } from 'node:stream'
import { largestPayload, outputWindow } from './channel-frames.ts'

/** Below this the stream itself holds what came, frame by frame, however small they are. */
const heldByStream = 4096

/**
 * One output of a channel: the guest may send what was granted, and is granted as much again as was read. A reader that pauses holds the guest up. The stream ends and
 * never fails; destroyed, it drains the rest, so that the channel can end.
 */
export class ChannelOutput extends Readable {
  readonly #grant: (bytes: number) => void
  /** Came, and is not in the stream. Small frames share a buffer: a guest that sends single bytes fills no more memory than any other. */
  readonly #waiting: Buffer[] = []
  #waitingBytes = 0
  #spare: Buffer = Buffer.alloc(0)
  #wants = false
  #hasEnded = false
  #received = 0
  #granted = outputWindow

  constructor(grant: (bytes: number) => void) {
    super({ highWaterMark: heldByStream })
    this.#grant = grant
  }

  /** Throws when the guest sends more than it may. */
  receive(bytes: Buffer): void {
    if (this.#hasEnded || bytes.length === 0) return
    this.#received += bytes.length
    if (this.#received > this.#granted) throw new Error('the guest sends more than it may')
    if (this.destroyed) this.#grantWhatWasRead()
    else if (this.#wants && this.#waiting.length === 0) this.#push(Buffer.from(bytes))
    else this.#keep(bytes)
  }

  finish(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    if (this.#waiting.length === 0 && !this.destroyed) this.push(null)
  }

  override _read(): void {
    this.#wants = true
    const next = this.#waiting.shift()
    if (next) {
      this.#waitingBytes -= next.length
      if (this.#waiting.length === 0) this.#spare = Buffer.alloc(0)
      this.#push(next)
      if (this.#hasEnded && this.#waiting.length === 0) this.push(null)
    }
    this.#grantWhatWasRead()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#waiting.length = 0
    this.#waitingBytes = 0
    done(error)
    this.#grantWhatWasRead()
  }

  #push(bytes: Buffer): void {
    this.#wants = false
    this.push(bytes)
  }

  #keep(bytes: Buffer): void {
    this.#waitingBytes += bytes.length
    const last = this.#waiting.at(-1)
    if (last && bytes.length <= this.#spare.length) {
      bytes.copy(this.#spare)
      // The buffer that the last one is a part of goes on in `spare`.
      this.#waiting[this.#waiting.length - 1] = Buffer.from(last.buffer, last.byteOffset, last.length + bytes.length)
      this.#spare = this.#spare.subarray(bytes.length)
      return
    }
    const buffer = Buffer.allocUnsafeSlow(Math.max(largestPayload, bytes.length))
    bytes.copy(buffer)
    this.#waiting.push(buffer.subarray(0, bytes.length))
    this.#spare = buffer.subarray(bytes.length)
  }

  #grantWhatWasRead(): void {
    const unread = this.destroyed ? 0 : this.#waitingBytes + this.readableLength
    const more = this.#received - unread + outputWindow - this.#granted
    if (this.#hasEnded || more < outputWindow / 4) return
    this.#granted += more
    this.#grant(more)
  }
}

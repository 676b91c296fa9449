/**
 * Frames on the port `ramet.channel`: type (1 byte), channel (2), length (2), payload; integers big endian. The guest's side of the same table, and what
 * each carries, is in agent/native/channel.h.
 */
export const channelVersion = 1

/** From the host. */
export const asks = {
  piece: 1,
  open: 2,
  input: 3,
  inputEnd: 4,
  resize: 5,
  signal: 6,
  close: 7,
  ping: 8,
  grantOut: 9,
  grantErr: 10,
} as const
export type Ask = (typeof asks)[keyof typeof asks]

/** From the guest. */
export const says = {
  opened: 32,
  refused: 33,
  out: 34,
  err: 35,
  outEnd: 36,
  errEnd: 37,
  exit: 38,
  pong: 39,
  grantInput: 40,
} as const
const known = new Set<number>(Object.values(says))

/** Reason of `refused`, its first byte. */
export const nothingListens = 1

export const largestPayload = 16_384
/** Channels are numbered from 1 on. */
export const channelCount = 512
export const largestRequest = 512 * 1024
/** What each side may send on a new channel before it is granted more: input, and each of the outputs. */
export const inputWindow = 64 * 1024
export const outputWindow = 256 * 1024

const headerSize = 5
const nonceSize = 16
const seventhBitSet = (text: string) => Buffer.from(text).map((byte) => byte | 0x80)
const greetingMagic = seventhBitSet('ramet link hello')
const answerMagic = seventhBitSet('ramet link ready')

export interface ChannelFrame {
  readonly type: number
  readonly channel: number
  readonly payload: Buffer
}

export function encodeFrame(type: number, channel: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  if (payload.length > largestPayload) throw new Error(`a frame holds at most ${largestPayload} bytes`)
  const frame = Buffer.allocUnsafe(headerSize + payload.length)
  frame.writeUInt8(type, 0)
  frame.writeUInt16BE(channel, 1)
  frame.writeUInt16BE(payload.length, 3)
  frame.set(payload, headerSize)
  return frame
}

/** Length of the next payload out of `bytes`: at most a frame's, and never with the whole of a greeting in it, which would end the connection. */
export function payloadLength(bytes: Buffer): number {
  const length = Math.min(bytes.length, largestPayload)
  const at = bytes.subarray(0, length).indexOf(greetingMagic)
  return at < 0 ? length : at + greetingMagic.length / 2
}

/** First words of a connection. `nonce`: 16 random bytes. */
export const greeting = (nonce: Uint8Array) => Buffer.concat([greetingMagic, Buffer.of(channelVersion), nonce])

export const answer = (nonce: Uint8Array, version = channelVersion) => Buffer.concat([answerMagic, Buffer.of(version), nonce])

/** Finds the guest's answer to a greeting behind whatever was under way to somebody before. Keeps less than one answer. */
export class AnswerFinder {
  readonly #nonce: Buffer
  #rest: Buffer = Buffer.alloc(0)

  constructor(nonce: Buffer) {
    this.#nonce = nonce
  }

  /** Returns the guest's version and what follows its answer; undefined until it came. */
  read(bytes: Buffer): { version: number; rest: Buffer } | undefined {
    const all = Buffer.concat([this.#rest, bytes])
    const before = answerMagic.length + 1
    for (let at = all.indexOf(this.#nonce); at >= 0; at = all.indexOf(this.#nonce, at + 1)) {
      if (at < before || !all.subarray(at - before, at - 1).equals(answerMagic)) continue
      return { version: all.readUInt8(at - 1), rest: all.subarray(at + nonceSize) }
    }
    this.#rest = all.subarray(Math.max(0, all.length - before - nonceSize + 1))
    return undefined
  }
}

/** Reads whole frames from a stream of arbitrary pieces. Keeps less than one frame. */
export class ChannelFrameReader {
  #rest: Buffer = Buffer.alloc(0)

  /** Hands each frame to `take` as it is found. Throws at what is no frame: the guest must not be able to fill our memory. */
  read(bytes: Buffer, take: (frame: ChannelFrame) => void): void {
    let rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    while (rest.length >= headerSize) {
      const type = rest.readUInt8(0)
      const channel = rest.readUInt16BE(1)
      const length = rest.readUInt16BE(3)
      if (!known.has(type) || length > largestPayload || channel > channelCount)
        throw new Error('the guest’s agent was started anew, or sends no frames')
      const size = headerSize + length
      if (rest.length < size) break
      const payload = rest.subarray(headerSize, size)
      rest = rest.subarray(size)
      take({ type, channel, payload })
    }
    // A copy: a part would keep the whole of what came.
    this.#rest = Buffer.from(rest)
  }
}

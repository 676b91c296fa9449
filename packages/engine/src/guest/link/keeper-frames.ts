/**
 * Frames between the session keeper in the guest and its caller: type (1 byte), length (4 bytes, big endian), payload. The keeper's side of the same table
 * is in agent/native/keeper.h.
 */
export const frameTypes = {
  /** Both ways: bytes of the terminal. */
  data: 1,
  /** To the keeper: columns, rows (2 bytes each). */
  resize: 2,
  /** From the keeper, first: version, was the shell there already (1 byte each), bytes of scrollback that follow (4). */
  hello: 16,
  /** From the keeper, last: exit code, signal number or 0 (1 byte each). */
  exit: 17,
  /** From the keeper, last: why there is no shell, text. */
  error: 18,
  /** To the keeper, first: columns, rows (2 bytes each), session, 0, user. */
  attach: 32,
} as const

export interface Frame {
  readonly type: number
  readonly payload: Buffer
}

const headerSize = 5
const largestPayload = 65_536

export function encodeFrame(type: number, payload: Uint8Array): Buffer {
  if (payload.length > largestPayload) throw new Error(`a frame holds at most ${largestPayload} bytes`)
  const frame = Buffer.alloc(headerSize + payload.length)
  frame.writeUInt8(type, 0)
  frame.writeUInt32BE(payload.length, 1)
  frame.set(payload, headerSize)
  return frame
}

/** Reads whole frames from a stream of arbitrary pieces. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0)

  /** Throws on invalid frames: the guest must not be able to fill our memory. */
  read(bytes: Buffer): Frame[] {
    const frames: Frame[] = []
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    while (this.#rest.length >= headerSize) {
      const length = this.#rest.readUInt32BE(1)
      if (length > largestPayload) throw new Error('the guest sent no frames of the session keeper.')
      const size = headerSize + length
      if (this.#rest.length < size) break
      frames.push({ type: this.#rest.readUInt8(0), payload: this.#rest.subarray(headerSize, size) })
      this.#rest = this.#rest.subarray(size)
    }
    return frames
  }
}

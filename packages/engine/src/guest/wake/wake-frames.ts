import { crc32 } from 'node:zlib'

/**
 * Frames on the port `ramet.wake`: "rametwk" (7 bytes), version (1), type (4), length (4), payload, CRC-32 of all before it (4); integers big endian.
 * The guest's side of the same table is in agent/native/wake.c. A resumed guest speaks the version of the day on which it was booted.
 */
export const wakeVersion = 2

export const wakeTypes = {
  /** To the guest: nonce (8), entropy (64), host's time in ns (8), epoch (36). */
  wake: 1,
  /** To the guest: nonce (8), ns to add to its clock (8). */
  clock: 2,
  /** From the guest: nonce of what was done (8), its time in ns (8). */
  done: 17,
  /** From the guest: nonce (8), why it was not done: text. */
  failed: 18,
} as const

export interface WakeFrame {
  readonly version: number
  readonly type: number
  readonly payload: Buffer
}

const magic = Buffer.from('rametwk')
const headerSize = 16
const checkSize = 4
export const nonceSize = 8
export const entropySize = 64
/** Of a frame to the guest; it answers in less than 300. */
export const largestPayload = 1024

export function encodeWakeFrame(type: number, payload: Uint8Array): Buffer {
  if (payload.length > largestPayload) throw new Error(`a frame holds at most ${largestPayload} bytes`)
  const frame = Buffer.alloc(headerSize + payload.length + checkSize)
  frame.set(magic)
  frame.writeUInt8(wakeVersion, 7)
  frame.writeUInt32BE(type, 8)
  frame.writeUInt32BE(payload.length, 12)
  frame.set(payload, headerSize)
  const end = headerSize + payload.length
  frame.writeUInt32BE(crc32(frame.subarray(0, end)), end)
  return frame
}

/** Reads whole frames from a stream that may begin inside one, or contain anything: other bytes are skipped. Buffers less than one frame. */
export class WakeFrameReader {
  readonly #largest: number
  #rest: Buffer = Buffer.alloc(0)

  constructor(largest = largestPayload) {
    this.#largest = largest
  }

  read(bytes: Uint8Array): WakeFrame[] {
    const frames: WakeFrame[] = []
    const all = Buffer.concat([this.#rest, bytes])
    let at = 0
    let from = 0
    for (;;) {
      at = all.indexOf(magic, from)
      if (at < 0 || all.length - at < headerSize) break
      const length = all.readUInt32BE(at + 12)
      const end = at + headerSize + length
      if (length <= this.#largest && end + checkSize > all.length) break
      if (length <= this.#largest && all.readUInt32BE(end) === crc32(all.subarray(at, end))) {
        const payload = all.subarray(at + headerSize, end)
        frames.push({ version: all.readUInt8(at + 7), type: all.readUInt32BE(at + 8), payload })
        from = end + checkSize
      } else {
        from = at + 1
      }
    }
    // Without the magic only its first bytes can be worth keeping.
    this.#rest = all.subarray(at < 0 ? Math.max(from, all.length - magic.length + 1) : at)
    return frames
  }
}

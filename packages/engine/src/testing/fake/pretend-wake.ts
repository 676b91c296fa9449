import { createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import { encodeWakeFrame, entropySize, nonceSize, WakeFrameReader, wakeTypes } from '../../guest/wake/wake-frames.ts'

const epochSize = 36

export interface WakeMemory {
  readonly epoch: string
  readonly now: number
  readonly seed: string
}

/** What a pretend guest has in its memory of time and chance, and its side of the wake port, which speaks the real protocol. */
export class PretendWake {
  epoch: string
  /** How far its clock is ahead of the host's. */
  clockOffMs = 0
  /** State of its random generator: the same state gives the same numbers, as in a real kernel. */
  seed: Buffer

  constructor(bootId: string) {
    this.epoch = bootId
    this.seed = hash(bootId)
  }

  /** Its clock stands at `now`, as after a resume. */
  get memory(): WakeMemory {
    return { epoch: this.epoch, now: this.now(), seed: this.seed.toString('base64') }
  }

  remember({ epoch, now, seed }: WakeMemory): void {
    this.epoch = epoch
    this.clockOffMs = now - Date.now()
    this.seed = Buffer.from(seed, 'base64')
  }

  now(): number {
    return Date.now() + this.clockOffMs
  }

  /** 32 bytes. */
  random(): Buffer {
    const drawn = hash('out', this.seed)
    this.seed = hash('next', this.seed)
    return drawn
  }

  take(socket: Socket): void {
    const reader = new WakeFrameReader()
    socket.on('data', (bytes: Buffer) => {
      for (const { type, payload } of reader.read(bytes)) {
        const nonce = payload.subarray(0, nonceSize)
        this.#obey(type, payload.subarray(nonceSize))
        const time = Buffer.alloc(8)
        time.writeBigInt64BE(BigInt(Math.round(this.now() * 1e6)))
        socket.write(encodeWakeFrame(wakeTypes.done, Buffer.concat([nonce, time])))
      }
    })
  }

  #obey(type: number, body: Buffer): void {
    if (type === wakeTypes.clock) this.clockOffMs += Number(body.readBigInt64BE()) / 1e6
    if (type !== wakeTypes.wake) return
    this.seed = hash('entropy', this.seed, body.subarray(0, entropySize))
    this.clockOffMs = Number(body.readBigInt64BE(entropySize)) / 1e6 - Date.now()
    this.epoch = body.toString('latin1', entropySize + 8, entropySize + 8 + epochSize)
  }
}

function hash(...parts: readonly (string | Buffer)[]): Buffer {
  const sum = createHash('sha256')
  for (const part of parts) sum.update(part)
  return sum.digest()
}

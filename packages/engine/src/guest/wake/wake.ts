import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { RametError } from '@ramet/model/errors/error.ts'
import { guestUnreachable, invalidInput } from '@ramet/model/errors/errors.ts'
import type { VmPort } from '../../vmm/vmm.ts'
import type { WakeOptions, WithPort, Woken } from '../guest.ts'
import { encodeWakeFrame, entropySize, nonceSize, WakeFrameReader, wakeTypes, wakeVersion } from './wake-frames.ts'

/** A guest answers in milliseconds; on a host that resumes many at once in seconds. Asked again in case its first message met half of an older one. */
const limits = { totalMs: 20_000, firstAnswerMs: 2000, longestAnswerMs: 8000, pauseMs: 50 }
/** Most bytes of one connection, and of one answer: the guest must not be able to fill our memory. */
const largest = { stream: 64 * 1024, answer: 300 }
/**
 * Corrections of the clock until it is known to be right within `wantedMs`; more than `neededMs` off is a failure. On a busy host an answer takes longer than that, and nothing
 * more is to be known: after `vain` questions without a correction what is within `neededMs` is enough.
 */
const clock = { rounds: 8, vain: 2, wantedMs: 50, neededMs: 500 }

/**
 * Prepares a guest whose memory was resumed or cloned: reseeds the kernel's random generator, sets the clock and announces the epoch. It may be called before the VM goes on, so that the guest does this first,
 * and may be repeated. Throws `machine_unreachable` when the guest refuses, or does not answer in time.
 */
export async function wake({ ports }: WithPort<'wake'>, options: WakeOptions): Promise<Woken> {
  const { signal, timeoutMs = limits.totalMs } = options
  const deadline = performance.now() + timeoutMs
  let why = 'it does not answer'
  for (let answerMs = limits.firstAnswerMs; ; answerMs = Math.min(answerMs * 2, limits.longestAnswerMs)) {
    signal?.throwIfAborted()
    if (performance.now() >= deadline)
      throw guestUnreachable(`it was resumed, but could not be woken within ${timeoutMs / 1000} s: ${why}.`)
    try {
      const untilLate = () => Math.min(answerMs, deadline - performance.now())
      await using call = await callGuest(ports.wake, untilLate, signal)
      return await wakeOver(call, options)
    } catch (error) {
      if (error instanceof RametError) throw error
      why = (error as Error).message
      await delay(limits.pauseMs)
    }
  }
}

async function wakeOver(call: Call, { epoch, onReseeded }: WakeOptions): Promise<Woken> {
  const first = await call.ask(wakeTypes.wake, () => wakePayload(epoch))
  onReseeded?.()
  let { offMs, slackMs } = first
  let vain = 0
  for (let round = 0; Math.abs(offMs) + slackMs > clock.wantedMs && round < clock.rounds; round += 1) {
    // Within what is known of it the clock may be right already.
    const isWrong = Math.abs(offMs) > slackMs
    if (!isWrong && Math.abs(offMs) + slackMs <= clock.neededMs && vain >= clock.vain) break
    vain += isWrong ? 0 : 1
    const correctionNs = isWrong ? BigInt.asIntN(64, BigInt(Math.round(-offMs * 1e6))) : 0n
    ;({ offMs, slackMs } = await call.ask(wakeTypes.clock, () => int64(correctionNs)))
  }
  if (Math.abs(offMs) + slackMs > clock.neededMs)
    throw guestUnreachable(
      `it was resumed, but its clock stays ${Math.round(offMs)} ms off (known within ${Math.round(slackMs)} ms).`,
    )
  return { clockOffMs: offMs }
}

/** Makes new entropy for each message, so that no two machines, and no machine twice, get the same. */
function wakePayload(epoch: string): Buffer {
  if (!/^[0-9a-f-]{36}$/.test(epoch)) throw invalidInput(`${JSON.stringify(epoch)} is not a UUID.`)
  return Buffer.concat([randomBytes(entropySize), int64(BigInt(Date.now()) * 1_000_000n), Buffer.from(epoch, 'latin1')])
}

function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(value)
  return bytes
}

/** How far the guest's clock is ahead, and the uncertainty: half of the round trip. */
interface Heard {
  readonly offMs: number
  readonly slackMs: number
}

interface Call extends AsyncDisposable {
  /** One message and its answer. `makePayload` is called when it is sent. Throws RametError when the guest says that it could not be done. */
  ask(type: number, makePayload: () => Buffer): Promise<Heard>
}

async function callGuest(port: VmPort, untilLateMs: () => number, signal?: AbortSignal): Promise<Call> {
  const socket = await port()
  const reader = new WakeFrameReader(largest.answer)
  let received = 0
  let waiting: { nonce: Buffer; resolve(guestNs: bigint): void; reject(error: Error): void } | undefined
  const fail = (error: Error) => {
    waiting?.reject(error)
    socket.destroy()
  }
  const abort = () => fail(signal?.reason as Error)
  signal?.addEventListener('abort', abort, { once: true })
  socket.on('error', fail)
  socket.on('close', () => fail(new Error('its port was closed')))
  socket.on('data', (bytes: Buffer) => {
    received += bytes.length
    if (received > largest.stream) return fail(new Error('it sends what is no answer'))
    for (const { version, type, payload } of reader.read(bytes)) {
      // Answers to a question from before the cut may still arrive.
      if (!waiting || !payload.subarray(0, nonceSize).equals(waiting.nonce)) continue
      const rest = payload.subarray(nonceSize)
      if (version !== wakeVersion) waiting.reject(otherVersion(version))
      else if (type === wakeTypes.failed) waiting.reject(refused(rest))
      else if (type === wakeTypes.done && rest.length === 8) waiting.resolve(rest.readBigInt64BE())
    }
  })
  return {
    async ask(type, makePayload) {
      const nonce = randomBytes(nonceSize)
      const { promise, resolve, reject } = Promise.withResolvers<bigint>()
      promise.catch(() => {})
      waiting = { nonce, resolve, reject }
      const timer = setTimeout(() => fail(new Error('it does not answer')), untilLateMs())
      try {
        const sent = Date.now()
        socket.write(encodeWakeFrame(type, Buffer.concat([nonce, makePayload()])))
        if (signal?.aborted) abort()
        else if (socket.destroyed) fail(new Error('its port was closed'))
        const guestMs = Number(await promise) / 1e6
        const now = Date.now()
        return { offMs: guestMs - (sent + now) / 2, slackMs: Math.abs(now - sent) / 2 }
      } finally {
        clearTimeout(timer)
        waiting = undefined
      }
    },
    async [Symbol.asyncDispose]() {
      signal?.removeEventListener('abort', abort)
      socket.destroy()
    },
  }
}

const otherVersion = (version: number) =>
  guestUnreachable(
    `it was resumed, but its helper speaks version ${version} of the protocol, this server version ${wakeVersion}.`,
  )

/** Text of the guest's: printable, and short. */
const refused = (text: Buffer) =>
  guestUnreachable(
    `it was resumed, but could not be woken: ${text
      .toString('latin1')
      .replace(/[^ -~]/g, '?')
      .slice(0, 200)}.`,
  )

import { randomBytes } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { guestUnreachable } from '@ramet/model/errors/errors.ts'
import type { VmPort } from '../../vmm/vmm.ts'
import { Channel } from './channel.ts'
import {
  AnswerFinder,
  type Ask,
  asks,
  type ChannelFrame,
  ChannelFrameReader,
  channelCount,
  channelVersion,
  encodeFrame,
  greeting,
  payloadLength,
  says,
} from './channel-frames.ts'

export interface ConnectOptions {
  readonly port: VmPort
  /** How long the guest may take to answer the greeting. */
  readonly silentMs: number
  readonly signal: AbortSignal
}

/** What may come before the guest's answer: what was under way to somebody else. */
const mostBefore = 16 * 1024 * 1024

/** Greets the guest's agent over the VM's port. Rejects with the reason and leaves nothing open. */
export async function connectChannels({ port, silentMs, signal }: ConnectOptions): Promise<ChannelConnection> {
  signal.throwIfAborted()
  const socket = await port()
  const nonce = randomBytes(16)
  const finder = new AnswerFinder(nonce)
  const answered = Promise.withResolvers<Buffer>()
  let before = 0
  const take = (bytes: Buffer) => {
    before += bytes.length
    const found = finder.read(bytes)
    if (found && found.version !== channelVersion)
      answered.reject(
        new Error(`its agent speaks version ${found.version} of the protocol, this server version ${channelVersion}`),
      )
    else if (found) answered.resolve(found.rest)
    else if (before > mostBefore) answered.reject(new Error('it sends what is no answer'))
    if (found) socket.off('data', take).pause()
  }
  const abort = () => answered.reject(signal.reason as Error)
  signal.addEventListener('abort', abort, { once: true })
  const timer = setTimeout(() => answered.reject(new Error('it does not answer yet')), silentMs)
  socket.on('error', (error) => answered.reject(error))
  socket.on('close', () => answered.reject(new Error('its port was closed')))
  socket.on('end', () => socket.destroy())
  socket.on('data', take)
  if (signal.aborted) abort()
  socket.write(greeting(nonce))
  try {
    return new ChannelConnection(socket, await answered.promise)
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
  }
}

/** Many channels over one stream. `lost` settles with the reason when it ends; its channels end then too. */
export class ChannelConnection {
  readonly lost: Promise<string>
  readonly #socket: Duplex
  readonly #reader = new ChannelFrameReader()
  readonly #channels = new Map<number, Channel>()
  /** Channels that have input to send, in turn. */
  readonly #senders = new Set<Channel>()
  readonly #listeners = new Set<() => void>()
  readonly #lost = Promise.withResolvers<string>()
  #heardAt = performance.now()
  #isLost = false

  /** `rest`: what came behind the answer to the greeting. */
  constructor(socket: Duplex, rest: Buffer) {
    this.#socket = socket
    this.lost = this.#lost.promise
    socket.on('data', (bytes: Buffer) => this.#read(bytes))
    socket.on('drain', () => this.#pump())
    socket.on('close', () => this.close('the connection was lost'))
    if (socket.destroyed) this.close('the connection was lost')
    else this.#read(rest)
    socket.resume()
  }

  /** Since when nothing came from the guest. */
  get silentForMs(): number {
    return performance.now() - this.#heardAt
  }

  /** Calls the listener whenever something came. Returns a function that stops this. */
  onHeard(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The guest's agent answers at once, whatever its commands do. */
  ping(): void {
    this.#send(asks.ping, 0, randomBytes(8))
  }

  /** Opens a channel: see requests.ts. Throws `Refused` with the guest's reason, `machine_unreachable` when no channel is free. */
  async open(request: Buffer): Promise<Channel> {
    const number = this.#freeNumber()
    const channel: Channel = new Channel({
      send: (type, payload) => this.#send(type, number, payload),
      wantsToSend: () => {
        this.#senders.add(channel)
        this.#pump()
      },
    })
    this.#channels.set(number, channel)
    for (let rest = request; ; ) {
      const length = payloadLength(rest)
      const isWhole = length === rest.length
      this.#send(isWhole ? asks.open : asks.piece, number, rest.subarray(0, length))
      if (isWhole) break
      rest = rest.subarray(length)
    }
    if (this.#isLost) channel.lost()
    await channel.opened
    return channel
  }

  close(why: string): void {
    if (this.#isLost) return
    this.#isLost = true
    this.#socket.destroy()
    for (const channel of this.#channels.values()) channel.lost()
    this.#channels.clear()
    this.#senders.clear()
    this.#lost.resolve(why)
  }

  /** A number is used again when the guest has said the last of it. */
  #freeNumber(): number {
    for (let number = 1; number <= channelCount; number += 1) if (!this.#channels.has(number)) return number
    throw guestUnreachable(`${channelCount} commands and connections are open in it already.`)
  }

  #send(type: Ask, channel: number, payload?: Uint8Array): void {
    if (!this.#isLost) this.#socket.write(encodeFrame(type, channel, payload))
  }

  /** One frame of each channel in turn, so that no input holds up another's, and none more than the socket takes. */
  #pump(): void {
    for (const channel of this.#senders) {
      if (this.#socket.writableNeedDrain || this.#isLost) return
      this.#senders.delete(channel)
      if (channel.sendSome()) this.#senders.add(channel)
    }
  }

  #take(frame: ChannelFrame): void {
    if (frame.type === says.pong) return
    const channel = this.#channels.get(frame.channel)
    if (!channel) throw new Error('the guest speaks of what is not open')
    if (channel.take(frame)) this.#channels.delete(frame.channel)
  }

  #read(bytes: Buffer): void {
    if (this.#isLost) return
    if (bytes.length > 0) this.#heardAt = performance.now()
    try {
      this.#reader.read(bytes, (frame) => this.#take(frame))
    } catch (error) {
      this.close((error as Error).message)
    }
    for (const listener of this.#listeners) listener()
  }
}

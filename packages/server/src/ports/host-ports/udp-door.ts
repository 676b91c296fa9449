import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Door, DoorAddress, DoorTarget } from './door.ts'

export interface UdpBounds {
  /** A flow ends when nothing came either way for so long. */
  readonly idleMs: number
  /** The same of one that was never answered: whoever sends from ever new ports holds no place for long. */
  readonly unansweredMs: number
  /** Flows of one door at a time; datagrams of further clients are lost. */
  readonly mostFlows: number
}

/** As the kernel's (nf_conntrack_udp_timeout_stream, nf_conntrack_udp_timeout). */
const usual: UdpBounds = { idleMs: 120_000, unansweredMs: 30_000, mostFlows: 256 }

/** Datagrams of a flow that wait for the machine; bytes that wait for the host's own queue. Beyond, they are lost, as those of UDP are. */
const mostWaiting = 64
const mostBytes = 1024 * 1024

/** A machine that could not be reached is not asked again for each datagram. */
const againAfterMs = 2000

/** Takes datagrams at a UDP port of the host; those of each client have a flow of their own to the machine, whose answers go back to it. Throws what `bind` throws. */
export async function openUdpDoor({ address, port }: DoorAddress, bounds: UdpBounds = usual): Promise<Door> {
  const flows = new Map<string, Flow>()
  let target: DoorTarget | undefined
  const socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4', ipv6Only: isIPv6(address) })
  socket.on('message', (datagram, from) => {
    const name = `${from.address} ${from.port}`
    const known = flows.get(name)
    if (known) return known.send(datagram)
    if (!target || flows.size >= bounds.mostFlows) return
    try {
      const flow = new Flow({ socket, from, target, place: target.take(), bounds, over: () => flows.delete(name) })
      flows.set(name, flow)
      flow.send(datagram)
    } catch {
      // The owner has too many open: the datagram is lost.
    }
  })
  socket.bind({ address, port, exclusive: true })
  await once(socket, 'listening')
  socket.on('error', () => {})
  return {
    port: socket.address().port,
    leadTo(to) {
      target = to
    },
    async close() {
      const closed = once(socket, 'close')
      for (const flow of flows.values()) flow.close()
      socket.close()
      await closed
    },
  }
}

interface FlowOptions {
  readonly socket: Socket
  readonly from: RemoteInfo
  readonly target: DoorTarget
  readonly place: Disposable
  readonly bounds: UdpBounds
  over(): void
}

/** The datagrams of one client. */
class Flow {
  readonly #options: FlowOptions
  #idle: NodeJS.Timeout
  #isAnswered = false
  #waiting: Buffer[] = []
  #inside: Duplex | undefined
  #isOpening = false
  #isClosed = false
  #notBefore = 0

  constructor(options: FlowOptions) {
    this.#options = options
    this.#idle = this.#closeAfter(options.bounds.unansweredMs)
  }

  send(datagram: Buffer): void {
    this.#idle.refresh()
    if (this.#inside) {
      if (this.#inside.writableLength < mostWaiting) this.#inside.write(datagram)
    } else if (this.#waiting.length < mostWaiting && Date.now() >= this.#notBefore) {
      this.#waiting.push(datagram)
      if (!this.#isOpening) void this.#open()
    }
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#idle)
    this.#inside?.destroy()
    this.#options.place[Symbol.dispose]()
    this.#options.over()
  }

  #closeAfter(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.close(), ms).unref()
  }

  #noteAnswer(): void {
    if (this.#isAnswered) return void this.#idle.refresh()
    this.#isAnswered = true
    clearTimeout(this.#idle)
    if (!this.#isClosed) this.#idle = this.#closeAfter(this.#options.bounds.idleMs)
  }

  async #open(): Promise<void> {
    const { socket, from, target } = this.#options
    this.#isOpening = true
    try {
      const inside = await target.open()
      inside.on('error', () => inside.destroy())
      if (this.#isClosed) return void inside.destroy()
      inside.once('close', () => {
        this.#inside = undefined
      })
      inside.on('data', (datagram: Buffer) => {
        this.#noteAnswer()
        if (!this.#isClosed && socket.getSendQueueSize() < mostBytes) socket.send(datagram, from.port, from.address, () => {})
      })
      for (const datagram of this.#waiting) inside.write(datagram)
      this.#inside = inside
    } catch {
      this.#notBefore = Date.now() + againAfterMs
    } finally {
      this.#waiting = []
      this.#isOpening = false
    }
  }
}

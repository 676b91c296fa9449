import type { ServerResponse } from 'node:http'

export interface OpenStreamsOptions {
  readonly heartbeatMs?: number
  /** Bytes that may wait for a client; with more it is cut off. It reconnects, and gets the newest of each subject. */
  readonly maxWaitingBytes?: number
  /** How long a client may read nothing of what waits for it. */
  readonly maxStandstillMs?: number
  /** How long a client that was cut off may take to read why: first comes what the kernel holds for it. */
  readonly lingerMs?: number
}

const heartbeat = Buffer.from(': still here\n\n')
const reason = ': this client reads too slowly and is cut off; come back with Last-Event-ID\n\n'

/** Keeps all server-sent event streams: sends heartbeats, cuts slow clients off, and ends the streams when the server closes. */
export class OpenStreams {
  readonly #streams = new Set<OpenStream>()
  readonly #maxWaitingBytes: number
  readonly #lingerMs: number
  readonly #heartbeat: NodeJS.Timeout

  constructor(options: OpenStreamsOptions = {}) {
    const { heartbeatMs = 15_000, maxWaitingBytes = 8 * 1024 * 1024, maxStandstillMs = 60_000, lingerMs = 10_000 } = options
    this.#maxWaitingBytes = maxWaitingBytes
    this.#lingerMs = lingerMs
    this.#heartbeat = setInterval(() => {
      for (const stream of this.#streams) {
        if (stream.standsStillForMs > maxStandstillMs) stream.cutOff()
        else stream.send(heartbeat)
      }
    }, heartbeatMs)
    this.#heartbeat.unref()
  }

  get size(): number {
    return this.#streams.size
  }

  /** Begins a stream. The returned function sends a piece of it, and does nothing after its end. */
  open(response: ServerResponse, headers: Record<string, string>): (frame: Buffer) => void {
    const stream = new OpenStream(response, { maxWaitingBytes: this.#maxWaitingBytes, lingerMs: this.#lingerMs })
    this.#streams.add(stream)
    response.on('close', () => this.#streams.delete(stream))
    response.socket?.setNoDelay(true)
    response.socket?.setKeepAlive(true, 30_000)
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // Tells proxies that buffer by default (nginx) not to.
      'x-accel-buffering': 'no',
      ...headers,
    })
    stream.send(Buffer.from('retry: 1000\n\n'))
    return (frame) => stream.send(frame)
  }

  close(): void {
    clearInterval(this.#heartbeat)
    for (const stream of this.#streams) stream.end()
  }
}

/** One stream, with a bounded queue of frames that other streams may share. */
class OpenStream {
  readonly #response: ServerResponse
  readonly #maxWaitingBytes: number
  readonly #lingerMs: number
  #waiting: Buffer[] = []
  #waitingBytes = 0
  /** Since when the client takes no more; undefined while it does. */
  #fullSince: number | undefined
  #isCut = false

  constructor(response: ServerResponse, bounds: Readonly<Record<'maxWaitingBytes' | 'lingerMs', number>>) {
    this.#response = response
    this.#maxWaitingBytes = bounds.maxWaitingBytes
    this.#lingerMs = bounds.lingerMs
    response.on('drain', () => this.#goOn())
  }

  get standsStillForMs(): number {
    return this.#fullSince === undefined ? 0 : performance.now() - this.#fullSince
  }

  send(frame: Buffer): void {
    if (this.#isCut || this.#response.destroyed || this.#response.writableEnded) return
    if (this.#fullSince === undefined) {
      if (!this.#response.write(frame)) this.#fullSince = performance.now()
      return
    }
    this.#waiting.push(frame)
    this.#waitingBytes += frame.length
    if (this.#waitingBytes > this.#maxWaitingBytes) this.cutOff()
  }

  /** Throws away what waits, and ends the stream with the reason. */
  cutOff(): void {
    if (this.#isCut) return
    this.#isCut = true
    this.#waiting = []
    this.#response.end(reason)
    setTimeout(() => this.#response.destroy(), this.#lingerMs).unref()
  }

  /** A client that does not read the end does not delay the server. */
  end(): void {
    this.#response.end()
    this.#response.socket?.destroySoon()
  }

  #goOn(): void {
    this.#fullSince = undefined
    const waiting = this.#waiting
    this.#waiting = []
    this.#waitingBytes = 0
    for (const frame of waiting) this.send(frame)
  }
}

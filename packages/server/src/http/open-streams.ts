import type { ServerResponse } from 'node:http'

export interface OpenStreamsOptions {
  readonly heartbeatMs?: number
  /** Unsent bytes from which a client counts as too slow: it is dropped, comes back and gets a fresh picture. */
  readonly maxWaitingBytes?: number
}

/** All server-sent event streams: heartbeats, slow clients, and their end when the server closes. */
export class OpenStreams {
  readonly #responses = new Set<ServerResponse>()
  readonly #maxWaitingBytes: number
  readonly #heartbeat: NodeJS.Timeout

  constructor({ heartbeatMs = 15_000, maxWaitingBytes = 16 * 1024 * 1024 }: OpenStreamsOptions = {}) {
    this.#maxWaitingBytes = maxWaitingBytes
    this.#heartbeat = setInterval(() => {
      for (const response of this.#responses) this.#write(response, ': still here\n\n')
    }, heartbeatMs)
    this.#heartbeat.unref()
  }

  get size(): number {
    return this.#responses.size
  }

  /** Begins the stream; the function returned sends a piece of it, and nothing once it ended. */
  open(response: ServerResponse, headers: Record<string, string>): (text: string) => void {
    this.#responses.add(response)
    response.on('close', () => this.#responses.delete(response))
    response.socket?.setNoDelay(true)
    response.socket?.setKeepAlive(true, 30_000)
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // Proxies that buffer by default (nginx) let it through.
      'x-accel-buffering': 'no',
      ...headers,
    })
    this.#write(response, 'retry: 1000\n\n')
    return (text) => this.#write(response, text)
  }

  close(): void {
    clearInterval(this.#heartbeat)
    for (const response of this.#responses) {
      response.end()
      // Whoever does not read the end must not hold the server up.
      response.socket?.destroySoon()
    }
  }

  #write(response: ServerResponse, text: string): void {
    if (response.destroyed || response.writableEnded) return
    response.write(text)
    if (response.writableLength > this.#maxWaitingBytes) response.destroy()
  }
}

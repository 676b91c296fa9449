import type { ServerResponse } from 'node:http'

export interface OpenStreamsOptions {
  readonly heartbeatMs?: number
  /** Unsent bytes at which a client is too slow: it is disconnected, reconnects and gets a new snapshot. */
  readonly maxWaitingBytes?: number
}

/** Keeps all server-sent event streams: sends heartbeats, drops slow clients, and ends them when the server closes. */
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

  /** Begins a stream. The returned function sends a piece of it, and does nothing after its end. */
  open(response: ServerResponse, headers: Record<string, string>): (text: string) => void {
    this.#responses.add(response)
    response.on('close', () => this.#responses.delete(response))
    response.socket?.setNoDelay(true)
    response.socket?.setKeepAlive(true, 30_000)
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // Tells proxies that buffer by default (nginx) not to.
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
      // A client that does not read the end must not delay the server.
      response.socket?.destroySoon()
    }
  }

  #write(response: ServerResponse, text: string): void {
    if (response.destroyed || response.writableEnded) return
    response.write(text)
    if (response.writableLength > this.#maxWaitingBytes) response.destroy()
  }
}

import assert from 'node:assert/strict'
import { WebSocket } from 'ws'
import type { z } from 'zod'

export interface Credentials {
  readonly session: string
  readonly token: string
}

/** Sends requests byte for byte as labctl does: Basic credentials, its own User-Agent, and JSON without a Content-Type (part 1). */
export class Labctl {
  readonly endpoint: string
  readonly #credentials: Credentials | undefined

  constructor(endpoint: string, credentials?: Credentials) {
    this.endpoint = endpoint
    this.#credentials = credentials
  }

  as(credentials: Credentials): Labctl {
    return new Labctl(this.endpoint, credentials)
  }

  /** The answer, whatever its status. */
  send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
    const { session, token } = this.#credentials ?? { session: '', token: '' }
    return fetch(`${this.endpoint}/api${path}`, {
      method,
      headers: {
        'user-agent': 'labctl/0.1.107',
        ...(this.#credentials ? { authorization: `Basic ${btoa(`${session}:${token}`)}` } : {}),
        ...headers,
      },
      // Bytes: fetch gives a text a Content-Type.
      ...(body === undefined ? {} : { body: new TextEncoder().encode(JSON.stringify(body)) }),
      signal: AbortSignal.timeout(20_000),
    })
  }

  /** Decodes the answer as labctl does: any status but 2xx and an empty or misshapen body fail. */
  async ask<T extends z.ZodType>(shape: T, method: string, path: string, body?: unknown): Promise<z.output<T>> {
    const answer = await this.send(method, path, body)
    const text = await answer.text()
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`)
    const read = shape.safeParse(text === '' ? undefined : JSON.parse(text))
    assert.ok(read.success, `${method} ${path}: ${read.error?.message} in ${text.slice(0, 2000)}`)
    return read.data
  }

  /** Dials a URL that was handed out, with labctl's odd Origin and neither cookie nor credentials. */
  dial(url: string): WebSocket {
    return new WebSocket(url, { headers: { origin: `https://cli.${this.endpoint}` }, handshakeTimeout: 10_000 })
  }

  /** Frames of such a websocket until `isLast`; then it is closed. Rejects when it ends before. */
  async frames<T extends z.ZodType>(url: string, shape: T, isLast: (frame: z.output<T>, all: z.output<T>[]) => boolean) {
    const socket = this.dial(url)
    const all: z.output<T>[] = []
    const { promise, resolve, reject } = Promise.withResolvers<z.output<T>[]>()
    const late = setTimeout(() => reject(new Error(`the last frame did not come after ${JSON.stringify(all.at(-1))}`)), 15_000)
    socket.on('message', (data, isBinary) => {
      try {
        assert.equal(isBinary, false)
        all.push(shape.parse(JSON.parse(String(data))))
        if (isLast(all.at(-1) as z.output<T>, all)) resolve(all)
      } catch (error) {
        reject(error as Error)
      }
    })
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('it was closed')))
    try {
      return await promise
    } finally {
      clearTimeout(late)
      socket.on('error', () => {})
      socket.terminate()
    }
  }
}

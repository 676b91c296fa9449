import type { Event } from '@ramet/model/api/events.ts'
import { routes } from '@ramet/model/api/routes.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { sleep } from '@ramet/model/units/sleep.ts'
import { type Connection, send } from './http.ts'
import { parseServerSentEvents } from './server-sent-events.ts'

export interface EventsOptions {
  /** Ends the iteration. */
  readonly signal?: AbortSignal
  /** Goes on after this event, as `Last-Event-ID` says. */
  readonly lastEventId?: string
  /** Called each time the stream is connected. After an interruption (`again`) events may be missing: reload what you show. */
  readonly onOpen?: (again: boolean) => void
  /** Called with the reason when the stream broke; it is being reconnected. */
  readonly onBreak?: (error: unknown) => void
}

const firstBackoffMs = 250
const longestBackoffMs = 5000
/** A connection without any data for this long, not even a comment, counts as dead (a laptop that slept, a NAT that dropped it). */
const silenceMs = 60_000

/**
 * Iterates over events of the server from now on (or from `lastEventId`), and reconnects with backoff until `signal` aborts.
 * Throws only when waiting does not help: on an answer in the 400s.
 */
export async function* watchEvents(connection: Connection, options: EventsOptions = {}): AsyncGenerator<Event> {
  const { signal, onOpen, onBreak } = options
  let { lastEventId } = options
  let backoffMs = firstBackoffMs
  let opened = false
  while (!signal?.aborted) {
    const attempt = new AbortController()
    const either = signal ? AbortSignal.any([signal, attempt.signal]) : attempt.signal
    try {
      const response = await send(connection, 'GET', routes.events(), {
        headers: { accept: 'text/event-stream', ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }) },
        signal: either,
      })
      onOpen?.(opened)
      opened = true
      backoffMs = firstBackoffMs
      for await (const event of parseServerSentEvents(untilSilent(response.body, attempt))) {
        lastEventId = event.id ?? lastEventId
        yield JSON.parse(event.data) as Event
      }
    } catch (error) {
      if (signal?.aborted) return
      if (error instanceof RametError && error.status >= 400 && error.status < 500) throw error
      onBreak?.(error)
    } finally {
      attempt.abort()
    }
    // Jitter: the windows of a browser do not all come back in the same instant.
    await sleep(backoffMs * (0.75 + Math.random() / 2), signal).catch(() => {})
    backoffMs = Math.min(backoffMs * 2, longestBackoffMs)
  }
}

async function* untilSilent(body: ReadableStream<Uint8Array> | null, attempt: AbortController): AsyncGenerator<Uint8Array> {
  if (!body) return
  // A reader, not `for await`: Safari's ReadableStream is not async iterable.
  const reader = body.getReader()
  while (true) {
    const timer = setTimeout(() => attempt.abort(new Error(`Nothing came for ${silenceMs} ms.`)), silenceMs)
    try {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    } finally {
      clearTimeout(timer)
    }
  }
}

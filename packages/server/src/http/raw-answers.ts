import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { type RametError, toErrorBody } from '@ramet/model/errors/error.ts'
import { invalidInput, requestTooSlow } from '@ramet/model/errors/errors.ts'

/** Seconds after which a client that was refused with 429 may try again. labctl reads the second of these. */
const retryAfterSeconds = '5'
export const retryHeaders = { 'retry-after': retryAfterSeconds, 'x-ratelimit-reset': retryAfterSeconds }

/** Answers on a raw connection: for input that is not HTTP, for refused websockets and connections. */
export function answerRaw(socket: Duplex, error: RametError): void {
  if (!socket.writable) return void socket.destroy()
  const body = JSON.stringify(toErrorBody(error))
  const headers = error.status === 429 ? Object.entries(retryHeaders).map(([name, value]) => `${name}: ${value}\r\n`) : []
  socket.end(
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? 'Error'}\r\n${headers.join('')}` +
      `content-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}

const late = new Set(['ERR_HTTP_REQUEST_TIMEOUT', 'ERR_HTTP_HEADERS_TIMEOUT'])

/** `ECONNRESET` and the like need no answer. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return void socket.destroy()
  answerRaw(
    socket,
    late.has(error.code ?? '') ? requestTooSlow() : invalidInput('This is no HTTP request that can be understood.'),
  )
  // Whoever sends no end of its own is not waited for.
  setTimeout(() => socket.destroy(), lingerMs).unref()
}

/** How long a client that is still sending may take to read its refusal. A reset at once would often take the answer away from it. */
export const lingerMs = 300

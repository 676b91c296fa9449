import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { isSpaceError } from '@ramet/engine'
import { RametError, toErrorBody } from '@ramet/model/errors/error.ts'
import { bodyTooLarge, diskFull, internalError, invalidInput, notFound } from '@ramet/model/errors/errors.ts'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { maxBodyBytes } from './json-body.ts'

/** Converts an error for the client; undefined when it is a fault of ours, whose details stay inside. */
export function toRametError(error: unknown): RametError | undefined {
  if (isSpaceError(error)) return diskFull('RAMET_HOME')
  if (error instanceof RametError) return error
  const { code, statusCode = 500, message } = error as { code?: string; statusCode?: number; message?: string }
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return bodyTooLarge(maxBodyBytes)
  // Fastify's own refusals: bad URLs, wrong lengths, header faults.
  if (statusCode >= 400 && statusCode < 500)
    return new RametError('invalid_input', statusCode, message ?? 'The request is not valid.')
  return undefined
}

/** Makes every failed answer an ErrorBody. Internal details go only to the log, under the request's id. */
export function answerErrors(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    const known = toRametError(error)
    if (!known || known.status >= 500) request.log.error({ err: error }, 'request failed')
    const told = known ?? internalError()
    return refuse(reply, told)
  })
  app.setNotFoundHandler((request, reply) => {
    const told = notFound('page or method', `${request.method} ${request.url.split('?')[0]}`)
    return refuse(reply, told)
  })
}

const refuse = (reply: FastifyReply, error: RametError) =>
  // A handler of static files may have set caching headers already.
  reply.code(error.status).header('cache-control', 'no-store').send(toErrorBody(error))

/** Answers on a raw connection: for input that is not HTTP, and for refused websockets. */
export function answerRaw(socket: Duplex, error: RametError): void {
  if (!socket.writable) return void socket.destroy()
  const body = JSON.stringify(toErrorBody(error))
  socket.end(
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? 'Error'}\r\n` +
      `content-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}

/** `ECONNRESET` and the like need no answer. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return void socket.destroy()
  answerRaw(socket, invalidInput('This is no HTTP request that can be understood.'))
}

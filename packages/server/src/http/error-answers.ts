import { isSpaceError } from '@ramet/engine'
import { RametError, toErrorBody } from '@ramet/model/errors/error.ts'
import { bodyTooLarge, diskFull, internalError, notFound } from '@ramet/model/errors/errors.ts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { retryHeaders } from './raw-answers.ts'
import { closeWhileSending } from './refused-requests.ts'

/** Converts an error for the client; undefined when it is a fault of ours, whose details stay inside. `bodyLimit`: that of the route, in bytes. */
export function toRametError(error: unknown, bodyLimit = 0): RametError | undefined {
  if (isSpaceError(error)) return diskFull('RAMET_HOME')
  if (error instanceof RametError) return error
  const { code, statusCode = 500, message } = error as { code?: string; statusCode?: number; message?: string }
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return bodyTooLarge(bodyLimit)
  // Fastify's own refusals: bad URLs, wrong lengths, header faults.
  if (statusCode >= 400 && statusCode < 500)
    return new RametError('invalid_input', statusCode, message ?? 'The request is not valid.')
  return undefined
}

/** Makes every failed answer an ErrorBody. Internal details go only to the log, under the request's id. */
export function answerErrors(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    const known = toRametError(error, request.routeOptions.bodyLimit)
    if (!known || known.status >= 500) request.log.error({ err: error }, 'request failed')
    return refuse(request, reply, known ?? internalError())
  })
  app.setNotFoundHandler((request, reply) => refuse(request, reply, unknownPath(request)))
  // Before the body is read, which nothing here would look at.
  app.addHook('onRequest', async (request) => {
    if (request.is404) throw unknownPath(request)
  })
}

const unknownPath = ({ method, url }: FastifyRequest) => notFound('page or method', `${method} ${url.split('?')[0]}`)

function refuse(request: FastifyRequest, reply: FastifyReply, error: RametError): FastifyReply {
  closeWhileSending(request, reply)
  if (error.status === 429) reply.headers(retryHeaders)
  if (error.code === 'too_many_connections') reply.header('connection', 'close')
  // A handler of static files may have set caching headers already.
  return reply.code(error.status).header('cache-control', 'no-store').send(toErrorBody(error))
}

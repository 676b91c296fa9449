import type { FastifyRequest } from 'fastify'
import type { IsSecure } from './secure-requests.ts'

/** Address of the server as the client of a request reached it, without a slash at the end: `https://lab.example:8443`. Only this client gets it, so it may be any name. */
export const publicUrl = (request: FastifyRequest, isSecure: IsSecure): string =>
  `${isSecure(request.raw) ? 'https' : 'http'}://${request.headers.host ?? request.host}`

/** The same for websockets: `wss://…` behind https. */
export const publicSocketUrl = (request: FastifyRequest, isSecure: IsSecure): string =>
  publicUrl(request, isSecure).replace(/^http/, 'ws')

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import type { WebState } from './bundle.ts'
import { waitingPage } from './waiting-page.ts'

/** The web app runs only its own code and talks only to its own server; terminals and charts set inline styles. */
const contentSecurityPolicy = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self' ws: wss:",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'self'",
].join('; ')

/** The web app from `folder`, which may be built or replaced while the server runs; its pages are all one file. */
export function serveWeb(app: FastifyInstance, folder: string, state: () => WebState): void {
  app.register(fastifyStatic, { root: folder, serve: false, dotfiles: 'deny', cacheControl: false, suppressWarning: true })
  app.get('/*', async (request, reply) => {
    const path = (request.params as { '*': string })['*']
    // The page of a published shell is served at the shell's own host alone.
    if (path === 'api' || path.startsWith('api/') || path === 'shell.html') return reply.callNotFound()
    reply.header('content-security-policy', contentSecurityPolicy)
    reply.header('x-frame-options', 'DENY')
    if (!existsSync(join(folder, 'index.html'))) {
      return reply.code(503).type('text/html; charset=utf-8').header('cache-control', 'no-store').send(waitingPage(state()))
    }
    // Vite puts a hash of the content into the name of everything under assets/.
    if (path.startsWith('assets/')) return reply.header('cache-control', 'public, max-age=31536000, immutable').sendFile(path)
    const isFile = /\.[a-z0-9]+$/i.test(path)
    return reply.header('cache-control', 'no-cache').sendFile(isFile ? path : 'index.html')
  })
}

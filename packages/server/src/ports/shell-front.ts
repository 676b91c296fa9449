import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import type { GuestTerminal } from '@ramet/engine'
import type { RametError } from '@ramet/model/errors/error.ts'
import { notFound } from '@ramet/model/errors/errors.ts'
import type { FastifyBaseLogger } from 'fastify'
import type { OpenCounts } from '../access/open-counts.ts'
import { MachinePump } from '../http/machine-pump.ts'
import { terminalSizeSchema } from '../http/machine-sockets.ts'
import { serveTerminal } from '../http/serve-terminal.ts'
import { validate } from '../http/validate.ts'
import type { WebSockets } from '../http/web-sockets.ts'
import type { Machines } from '../services.ts'
import type { WebState } from '../web/bundle.ts'
import { waitingPage } from '../web/waiting-page.ts'
import { isForeign } from './foreign-request.ts'
import { foreignPage, type Visit, type Visitor } from './port-visit.ts'
import { shellHeaders } from './shell-headers.ts'

export interface ShellFrontOptions {
  readonly machines: Pick<Machines, 'exec' | 'terminal'>
  readonly sockets: Pick<WebSockets, 'accept'>
  readonly counts: OpenCounts
  /** The built web app, which the shell's page is part of. */
  readonly webFolder: string | undefined
  readonly webState: () => WebState
  readonly log: FastifyBaseLogger
}

const types: Readonly<Record<string, string>> = {
  html: 'text/html',
  js: 'text/javascript',
  css: 'text/css',
  svg: 'image/svg+xml',
}

/** How long a client that may go on no more has to read why. It is heard no more from the first moment. */
const leaveMs = 1000

/** Serves published shells: a page with a terminal at a host of its own, to visitors who have been admitted. */
export class ShellFront {
  readonly #options: ShellFrontOptions

  constructor(options: ShellFrontOptions) {
    this.#options = options
  }

  /** Throws not_found. */
  async answer({ request, origin }: Visitor, reply: ServerResponse, { port }: Visit): Promise<void> {
    const { webFolder = '', webState } = this.#options
    const { pathname } = urlOf(request)
    const send = (status: number, type: string, body: string | Buffer, caching = 'no-store') => {
      reply.writeHead(status, {
        ...shellHeaders(origin),
        'content-type': `${type}; charset=utf-8`,
        'content-length': Buffer.byteLength(body),
        'cache-control': caching,
      })
      reply.end(body)
    }
    const file = pathname === '/' ? 'shell.html' : /^\/(favicon\.svg|assets\/[\w-][\w.-]*)$/.exec(pathname)?.[1]
    if (request.method !== 'GET' && request.method !== 'HEAD') throw notFound('page', pathname)
    if (pathname === '/about') {
      const { machine, account, access } = port
      return send(200, 'application/json', JSON.stringify({ machine, user: account, access }))
    }
    if (file === undefined) throw notFound('page', pathname)
    const content = await readFile(join(webFolder, file)).catch(() => undefined)
    if (content) {
      const caching = file.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache'
      return send(200, types[file.split('.').at(-1) ?? ''] ?? 'application/octet-stream', content, caching)
    }
    if (file !== 'shell.html') throw notFound('page', pathname)
    send(503, 'text/html', waitingPage(webState()))
  }

  /** Opens the terminal. `watch` calls back when the visitor may go on no more, and returns the way to stop. Throws not_found, forbidden_origin, invalid_input. */
  upgrade(
    { request, origin }: Visitor,
    socket: Duplex,
    head: Buffer,
    visit: Visit,
    watch: (lost: (why: RametError) => void) => () => void,
  ): void {
    const { sockets, counts, log } = this.#options
    const { pathname, searchParams } = urlOf(request)
    if (pathname !== '/terminal') throw notFound('websocket', pathname)
    // Also where everybody may come: a page of somebody else is not to open one in its visitor's name.
    if (isForeign(request, origin, true)) throw foreignPage()
    const size = validate(terminalSizeSchema, Object.fromEntries(searchParams))
    sockets.accept(request, socket, head, (accepted) => {
      const pump = new MachinePump(accepted)
      const live = async () => {
        const place = counts.take(
          { id: visit.ownerId },
          visit.port.access === 'public' ? 'public-port-requests' : 'port-requests',
        )
        const unwatch = watch((why) => {
          pump.fail(why)
          setTimeout(() => accepted.terminate(), leaveMs).unref()
        })
        accepted.once('close', () => {
          unwatch()
          place[Symbol.dispose]()
        })
        await serveTerminal(accepted, pump, () => this.#open(visit, size))
      }
      live().catch((error: unknown) => {
        if (!pump.fail(error)) log.error({ err: error }, 'a published shell failed')
      })
    })
  }

  /**
   * The owner's is one shell, which goes on while nobody looks and is found again. Each visitor of a public one has a shell of his own that ends with his connection: a guest keeps
   * 64 of those that go on, and strangers are not to fill them up.
   */
  async #open({ port, user }: Visit, size: { cols: number; rows: number }): Promise<GuestTerminal> {
    const { machines } = this.#options
    const account = port.account ?? ''
    if (port.access === 'private')
      return machines.terminal(user, port.run_id, port.machine, `shell-${port.name}`, { user: account, ...size })
    const pty = { term: 'xterm-256color', ...size }
    const process = await machines.exec(user, port.run_id, port.machine, '', { user: account, pty })
    process.stderr.resume()
    return {
      input: process.stdin,
      output: process.stdout,
      resumed: false,
      exit: process.exit,
      resize: (cols, rows) => process.resize(cols, rows),
      close: () => process.close(),
    }
  }
}

const urlOf = ({ url }: IncomingMessage) => new URL(`http://shell${url ?? '/'}`)

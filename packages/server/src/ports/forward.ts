import { request as httpRequest, type IncomingMessage, ServerResponse } from 'node:http'
import { type Duplex, pipeline, type Readable, type Writable } from 'node:stream'
import { connect } from 'node:tls'
import { joinSockets } from './join-sockets.ts'
import { answerHeaders, type Passed } from './passed-headers.ts'

/** A connection to the guest's port and what it is asked for. */
export interface Upstream {
  readonly connection: Duplex
  /** The guest speaks TLS there. */
  readonly tls: boolean
  readonly path: string
  readonly headers: Passed
  /** Of the published port, as the client knows it. */
  readonly origin: string
  readonly upstreamHosts: ReadonlySet<string>
}

/** How long a guest may take to begin its answer to a request that has come whole. Longer than any long poll. */
const answerMs = 10 * 60_000

/**
 * Sends one request to a guest over a connection of its own and streams the answer back, with back pressure both ways; nothing is kept in memory. Resolves at the end of the exchange,
 * however it ends; rejects while nothing has been answered. One connection a request: what a guest answers too much of is read by nobody.
 */
export function forwardRequest(request: IncomingMessage, reply: ServerResponse, upstream: Upstream): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const asked = ask(request, upstream, {})
  const late = boundAnswer(request, asked)
  let isAnswered = false
  asked.once('response', (answer) => {
    isAnswered = true
    clearTimeout(late)
    sendAnswer(answer, reply, upstream, resolve)
  })
  asked.on('error', (error) => {
    clearTimeout(late)
    if (reply.headersSent) resolve()
    else reject(error)
  })
  // A switch of protocols that nobody asked for ends it without an error.
  asked.once('close', () => {
    clearTimeout(late)
    if (!isAnswered) reject(new Error('the guest did not answer'))
  })
  reply.once('close', () => {
    asked.destroy()
    resolve()
  })
  pass(request, asked, () => {})
  return promise
}

/** As `forwardRequest`, for a websocket: `socket` is the client's, without an HTTP parser; `head` is what came behind the request. */
export function forwardUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, upstream: Upstream): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const asked = ask(request, upstream, { connection: 'Upgrade', upgrade: 'websocket' })
  let isAnswered = false
  const leave = () => {
    asked.destroy()
    resolve()
  }
  socket.once('close', leave)
  asked.once('upgrade', (answer, inside: Duplex, first) => {
    isAnswered = true
    socket.off('close', leave)
    socket.write(upgradedHead(answerHeaders(answer.headersDistinct, upstream)))
    if (first.length > 0) socket.write(first)
    if (head.length > 0) inside.write(head)
    void joinSockets(socket, inside).then(resolve)
  })
  asked.once('response', (answer) => {
    isAnswered = true
    const reply = new ServerResponse(request)
    reply.shouldKeepAlive = false
    reply.assignSocket(socket as Parameters<ServerResponse['assignSocket']>[0])
    reply.once('finish', () => socket.end())
    sendAnswer(answer, reply, upstream, resolve)
  })
  asked.on('error', (error) => (isAnswered ? socket.destroy() : reject(error)))
  asked.once('close', () => isAnswered || reject(new Error('the guest did not answer')))
  asked.end()
  return promise
}

function ask({ method }: IncomingMessage, { connection, tls, path, headers }: Upstream, more: Passed) {
  return httpRequest({
    method,
    path,
    headers: { ...headers, ...more },
    setHost: false,
    // The connection ends in the guest, and whoever is root there has every key that it has: a certificate would show nothing.
    createConnection: () =>
      tls ? connect({ socket: connection, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] }) : (connection as never),
  })
}

function boundAnswer(request: IncomingMessage, asked: ReturnType<typeof httpRequest>): NodeJS.Timeout {
  const late = setTimeout(() => {
    if (request.complete) asked.destroy(new Error('the guest did not answer in time'))
    else late.refresh()
  }, answerMs)
  return late.unref()
}

function sendAnswer(answer: IncomingMessage, reply: ServerResponse, upstream: Upstream, over: () => void): void {
  if (!reply.headersSent) {
    reply.writeHead(answer.statusCode ?? 502, answerHeaders(answer.headersDistinct, upstream))
    // A stream of events has nothing to say at first, and its client waits for the beginning.
    reply.flushHeaders()
  }
  pass(answer, reply, (isWhole) => {
    if (!isWhole) reply.destroy()
    over()
  })
}

/** Pipes to the end; `over` is told whether all of it went through. Either side may have gone already, which pipeline() throws for. */
function pass(from: Readable, to: Writable, over: (isWhole: boolean) => void): void {
  if (from.destroyed || to.destroyed) {
    from.destroy()
    to.destroy()
    over(false)
    return
  }
  pipeline(from, to, (error) => over(!error))
}

function upgradedHead(headers: Passed): string {
  const lines = Object.entries(headers).flatMap(([name, values]) => [values].flat().map((value) => `${name}: ${value}\r\n`))
  return `HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n${lines.join('')}\r\n`
}

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'

/** What a test's server does; a handler that is not given answers 404 in the API's shape. */
export interface StubHandlers {
  readonly request?: (request: IncomingMessage, response: ServerResponse, body: string) => void | Promise<void>
  /** Undefined: every websocket is refused with 404. */
  readonly webSocket?: (socket: WebSocket, request: IncomingMessage) => void
}

/** A real HTTP and websocket server on a loopback port for tests of the client and the CLI; says only what the test lets it say. */
export async function startStubServer(handlers: StubHandlers, port = 0) {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    if (handlers.request) await handlers.request(request, response, Buffer.concat(chunks).toString())
    else answer(response, 404, { code: 'not_found', message: 'There is no such thing.' })
  })
  const webSockets = new WebSocketServer({ noServer: true })
  server.on('upgrade', (request, socket, head) => {
    if (!handlers.webSocket) return socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n')
    webSockets.handleUpgrade(request, socket, head, (upgraded) => handlers.webSocket?.(upgraded, request))
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const bound = (server.address() as AddressInfo).port
  return {
    endpoint: `http://127.0.0.1:${bound}`,
    port: bound,
    /** Cuts every connection, as a killed server does. */
    async [Symbol.asyncDispose]() {
      for (const socket of webSockets.clients) socket.terminate()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** Where a server was a moment ago, and nobody listens now. */
export async function unusedEndpoint(): Promise<string> {
  await using server = await startStubServer({})
  return server.endpoint
}

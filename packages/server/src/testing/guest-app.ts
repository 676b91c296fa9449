import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'

/** A small web application as a guest has it: pages with absolute links, events, uploads, websockets, cookies. Its requests are kept. */
export async function startGuestApp() {
  const seen: IncomingMessage[] = []
  const sockets = new WebSocketServer({ noServer: true })
  const server = createServer((request, reply) => {
    seen.push(request)
    const url = new URL(request.url ?? '/', 'http://guest')
    const origin = `${request.headers['x-forwarded-proto']}://${request.headers.host}`
    const say = (status: number, type: string, text: string, more: Record<string, string | string[]> = {}) =>
      reply.writeHead(status, { 'content-type': type, ...more }).end(text)
    switch (url.pathname) {
      case '/':
        return say(200, 'text/html', pageOf(origin))
      case '/next':
        return say(200, 'text/html', '<h1>Next page</h1>')
      case '/headers':
        return say(200, 'application/json', JSON.stringify({ url: request.url, ...request.headers }))
      case '/events':
        reply.writeHead(200, { 'content-type': 'text/event-stream' })
        return void reply.write('data: first\n\n')
      case '/upload': {
        let bytes = 0
        request.on('data', (chunk: Buffer) => {
          bytes += chunk.length
        })
        return void request.on('end', () => say(200, 'text/plain', String(bytes)))
      }
      case '/slow':
        return void setTimeout(() => reply.destroyed || say(200, 'text/plain', 'late'), 100_000).unref()
      case '/cookies':
        return say(200, 'text/plain', 'set', {
          'set-cookie': [
            'plain=1; Path=/',
            'wide=1; Domain=localhost; Path=/',
            'ramet_session_abcd=evil; Path=/',
            '__Host-ramet_port=evil; Path=/; Secure',
          ],
          'clear-site-data': '"*"',
          'alt-svc': 'h3=":443"',
          'strict-transport-security': 'max-age=1',
          'x-accel-redirect': '/secret',
          'x-app': 'kept',
        })
      case '/redirect':
        return say(302, 'text/plain', '', { location: `http://${request.headers.host}/next?a=1` })
      case '/sw.js':
        return say(200, 'text/javascript', serviceWorker)
      default:
        return say(404, 'text/plain', 'none')
    }
  })
  server.on('upgrade', (request, socket, head) => {
    seen.push(request)
    if (request.url !== '/ws') return socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno')
    sockets.handleUpgrade(request, socket, head, (accepted) => {
      accepted.on('message', (data, isBinary) => accepted.send(data, { binary: isBinary }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    seen,
    sockets,
    dial: (): Duplex => connect(port, '127.0.0.1'),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets.clients) socket.terminate()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export type GuestApp = Awaited<ReturnType<typeof startGuestApp>>

const pageOf = (origin: string): string => `<!doctype html>
<title>Guest</title>
<h1>Guest app</h1>
<a id="next" href="${origin}/next">next</a>
<p id="ws"></p><p id="events"></p><p id="upload"></p>
<script>
const say = (id, text) => { document.getElementById(id).textContent = text }
const socket = new WebSocket('${origin.replace(/^http/, 'ws')}/ws')
socket.onopen = () => socket.send('echoed')
socket.onmessage = ({ data }) => say('ws', data)
new EventSource('/events').onmessage = ({ data }) => say('events', data)
fetch('/upload', { method: 'POST', body: new Blob([new Uint8Array(3e6)]) }).then((a) => a.text()).then((text) => say('upload', text))
</script>
`

const serviceWorker = `self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()))
self.addEventListener('fetch', (event) => {
  if (new URL(event.request.url).pathname === '/from-worker') event.respondWith(new Response('worker'))
})
`

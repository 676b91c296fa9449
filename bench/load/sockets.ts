import { once } from 'node:events'
import type { Client } from '@ramet/client/client-shape.ts'
import { routes } from '@ramet/model/api/routes.ts'
import { WebSocket } from 'ws'
import type { TestServer } from '../../tests/harness/server.ts'

/** Where a pretend machine sends back what comes. */
const echoPort = 7
const lanes = 50
const answerMs = 60_000

/** Work for many at once, a few at a time. */
export async function inLanes<T>(count: number, work: (n: number) => Promise<T>, atOnce = lanes): Promise<T[]> {
  const done: T[] = []
  let next = 0
  const lane = async () => {
    for (let n = next++; n < count; n = next++) done[n] = await work(n)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, lane))
  return done
}

const opened = async (socket: WebSocket): Promise<WebSocket> => {
  await once(socket, 'open', { signal: AbortSignal.timeout(answerMs) })
  return socket
}

export async function closed(sockets: readonly WebSocket[]): Promise<void> {
  await Promise.all(
    sockets.map(async (socket) => {
      const over = once(socket, 'close')
      socket.close()
      await over
    }),
  )
}

/** A websocket as labctl follows a run with, once it has its first status. */
export async function liveStatus(server: TestServer, id: string, token: string): Promise<WebSocket> {
  const answer = await fetch(server.endpoint + routes.connections(id), {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
  })
  if (!answer.ok) throw new Error(`no live status: ${answer.status}`)
  const { url } = (await answer.json()) as { url: string }
  const socket = new WebSocket(url)
  await once(socket, 'message', { signal: AbortSignal.timeout(answerMs) })
  return socket
}

/** A tunnel to the port of a pretend machine that sends back what comes, as labctl opens one. */
export async function echoTunnel(client: Client, id: string): Promise<WebSocket> {
  const { url, cookie } = await client.ports.openTunnel(id, '')
  const to = Buffer.from(`:${echoPort}`).toString('base64')
  return opened(new WebSocket(`${url.replace(/^http/, 'ws')}/tunnels/${to}`, { headers: { cookie }, perMessageDeflate: false }))
}

/** Sends so many bytes into an echoing tunnel, a megabyte ahead at most, and resolves when all have come back. */
export async function throughTunnel(socket: WebSocket, bytes: number): Promise<void> {
  const piece = Buffer.alloc(64 * 1024, 'x')
  const ahead = 1024 * 1024
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let [sent, back] = [0, 0]
  const send = () => {
    while (sent < bytes && sent - back < ahead) {
      const part = piece.subarray(0, Math.min(piece.length, bytes - sent))
      sent += part.length
      socket.send(part)
    }
  }
  const take = (part: Buffer) => {
    back += part.length
    if (back === bytes) resolve()
    else send()
  }
  const lost = () => reject(new Error(`the tunnel ended after ${back} of ${bytes} bytes`))
  socket.on('message', take)
  socket.once('close', lost)
  send()
  try {
    await promise
  } finally {
    socket.off('message', take)
    socket.off('close', lost)
  }
}

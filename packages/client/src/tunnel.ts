import { routes } from '@ramet/model/api/routes.ts'
import type { StartTunnel, Tunnel } from '@ramet/model/api/tunnel.ts'
import { ask, type Connection, send } from './http.ts'
import { openWebSocket } from './web-socket.ts'

/**
 * A websocket that is one TCP connection into a machine, by the server's tunnels (docs/architecture/clients.md). `host` empty: the machine itself. In a page, which keeps the cookie
 * itself, only with the server that the page came from.
 */
export async function openTunnel(
  connection: Connection,
  id: string,
  machine: string,
  host: string,
  port: number,
): Promise<WebSocket> {
  const body: StartTunnel = { machine, port: 0 }
  const { url, loginUrl } = await ask<Tunnel>(connection, 'POST', routes.tunnels(id), { body })
  // As this client reaches the server: behind a proxy that may be another name than the server's own.
  const { pathname } = new URL(url)
  const login = new URL(loginUrl)
  const { headers } = await send(connection, 'GET', login.pathname + login.search)
  const cookie = (headers.getSetCookie?.() ?? []).map((line) => line.split(';')[0]).join('; ')
  return openWebSocket(connection, `${pathname}/tunnels/${btoa(`${host}:${port}`)}`, cookie === '' ? {} : { cookie })
}

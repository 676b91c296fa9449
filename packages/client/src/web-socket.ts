import { authorization, type Connection, urlOf } from './http.ts'

/** Opens a websocket to a path of the server. */
export function openWebSocket(connection: Connection, path: string, headers = authorization(connection)): WebSocket {
  const url = urlOf(connection, path)
  url.protocol = url.protocol.replace('http', 'ws')
  if (Object.keys(headers).length === 0) return new WebSocket(url)
  // Node's WebSocket takes headers (undici, WebSocketInit); a browser has no token here but its cookie.
  return new WebSocket(url, { headers } as unknown as string[])
}

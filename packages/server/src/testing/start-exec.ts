import { routes } from '@ramet/model/api/routes.ts'
import type { WebSocket } from 'ws'
import { record, type Started, until } from './start-for-test.ts'
import { playId, StubProcess } from './stub-services.ts'

export const send = (socket: WebSocket, message: object) => socket.send(JSON.stringify(message))

/** A command under way over a websocket of its own. */
export async function startExec(server: Started, process = new StubProcess()) {
  server.services.nextProcess = process
  const socket = server.socket(routes.exec(playId, 'debian'))
  const received = record(socket)
  socket.on('open', () => send(socket, { type: 'exec', command: 'work', user: 'root' }))
  await until('ready', () => received.messages.some(({ type }) => type === 'ready'))
  return { socket, received, process }
}

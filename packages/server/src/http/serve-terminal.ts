import type { GuestTerminal } from '@ramet/engine'
import { outputs } from '@ramet/model/api/stream.ts'
import type { WebSocket } from 'ws'
import type { MachinePump } from './machine-pump.ts'
import { untilGone } from './until-gone.ts'

/** Serves a terminal over a websocket until its shell or the websocket ends (model, api/stream.ts). Throws what `open` throws. */
export async function serveTerminal(socket: WebSocket, pump: MachinePump, open: () => Promise<GuestTerminal>): Promise<void> {
  pump.expectInput()
  let size: { cols: number; rows: number } | undefined
  let terminal: GuestTerminal | undefined
  pump.onMessage((message) => {
    if (message.type !== 'resize') return
    size = message
    terminal?.resize(message.cols, message.rows)
  })
  terminal = await untilGone(socket, open(), (late) => late.close())
  if (!terminal) return
  const attached = terminal
  socket.on('close', () => attached.close())
  if (size) attached.resize(size.cols, size.rows)
  pump.say({ type: 'ready', resumed: attached.resumed })
  pump.setInput(attached.input)
  const [exit] = await Promise.all([attached.exit, pump.send(attached.output, outputs.stdout)])
  pump.say({ type: 'exit', ...exit })
  pump.end()
}

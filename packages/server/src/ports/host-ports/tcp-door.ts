import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { joinSockets } from '../join-sockets.ts'
import type { Door, DoorAddress, DoorTarget } from './door.ts'

/** A client that has gone without a word is noticed. */
const keepAliveMs = 60_000

/** How long a connection may be open in one direction alone, as that of `nc -N` is while it waits for its answer. */
const halfOpenMs = 10 * 60_000

/** Listens on a TCP port of the host and joins each connection with one to the machine, with back pressure both ways. Throws what `listen` throws (EADDRINUSE, EACCES, EADDRNOTAVAIL). */
export async function openTcpDoor({ address, port }: DoorAddress): Promise<Door> {
  const open = new Set<Socket>()
  let target: DoorTarget | undefined
  // Read only once there is a connection to the machine.
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs })
  server.on('connection', (socket) => {
    socket.on('error', () => socket.destroy())
    if (!target) return void socket.destroy()
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    void serve(socket, target)
  })
  server.listen({ host: address, port })
  await once(server, 'listening')
  server.on('error', () => {})
  return {
    port: (server.address() as AddressInfo).port,
    leadTo(to) {
      target = to
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of open) socket.destroy()
      await closed
    },
  }
}

async function serve(socket: Socket, target: DoorTarget): Promise<void> {
  try {
    using _place = target.take()
    const inside = await target.open()
    inside.on('error', () => inside.destroy())
    if (socket.destroyed) return void inside.destroy()
    await joinSockets(socket, inside, { halfOpenMs })
  } catch {
    // Nothing listens there, the run is off, or its owner has too many: TCP has one word for all of it.
    socket.resetAndDestroy()
  }
}

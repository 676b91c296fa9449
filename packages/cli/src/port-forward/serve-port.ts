import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { cannotListen, portTaken } from '@ramet/model/errors/errors.ts'

export interface ServePortOptions {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  connect(): Promise<Duplex>
  /** A connection that could not be made; the others go on. */
  failed(error: Error): void
}

/** Serves a port of this machine by connections into another one. Returns the port and what ends it. Throws port_taken or cannot_listen. */
export async function servePort({ host, port, connect, failed }: ServePortOptions): Promise<{ port: number; close(): void }> {
  const open = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (local) => {
    open.add(local)
    local.once('close', () => open.delete(local))
    local.on('error', () => local.destroy())
    connect().then(
      (remote) => join(local, remote),
      (error: Error) => {
        failed(error)
        local.destroy()
      },
    )
  })
  try {
    server.listen({ host, port })
    await once(server, 'listening')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw code === 'EADDRINUSE' ? portTaken(host, port) : cannotListen(host, port, message)
  }
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : port,
    close() {
      server.close()
      for (const local of open) local.destroy()
    },
  }
}

/** The far side ends both: a tunnel has no half-close, so the end of this side's input is not passed on. */
function join(local: Socket, remote: Duplex): void {
  if (local.destroyed) return void remote.destroy()
  remote.on('error', () => local.destroy())
  remote.once('end', () => local.end())
  remote.once('close', () => local.end())
  local.once('close', () => remote.destroy())
  local.pipe(remote, { end: false })
  remote.pipe(local, { end: false })
}

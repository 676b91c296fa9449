import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'
import { cannotListen, portTaken } from '@ramet/model/errors/errors.ts'
import type { FastifyInstance } from 'fastify'

/** Begins to listen and returns the address for clients, such as `http://127.0.0.1:8420`. Throws port_taken or cannot_listen. */
export async function listen(
  app: FastifyInstance,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<string> {
  try {
    await app.listen({ host, port })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE') throw portTaken(host, port)
    if (code === 'EADDRNOTAVAIL' || code === 'EACCES' || code === 'ENOTFOUND') throw cannotListen(host, port, message)
    throw error
  }
  return endpointOf(host, (app.server.address() as AddressInfo).port)
}

/** As `listen`, for a server of another protocol. Returns the port. Throws port_taken or cannot_listen. */
export async function listenOn(server: Server, host: string, port: number): Promise<number> {
  try {
    server.listen({ host, port })
    await once(server, 'listening')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw code === 'EADDRINUSE' ? portTaken(host, port) : cannotListen(host, port, message)
  }
  const address = server.address()
  return typeof address === 'object' && address ? address.port : port
}

/** Returns the loopback address for a server that listens on all addresses. */
export function endpointOf(host: string, port: number): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}

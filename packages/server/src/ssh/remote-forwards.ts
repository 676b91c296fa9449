import { isIP } from 'node:net'
import type { Connection } from 'ssh2'
import { type Arrival, type Exec, type Forwarder, openForwarder } from './forwarder.ts'
import { joinStreams } from './join-streams.ts'

/** What a client has listen in the machine for it, on one connection; `ssh -R` (RFC 4254, 7.1). */
const mostForwards = 16

/** As sshd reads the address that a client names (RFC 4254, 7.1); undefined: it is none. It is taken at its word, as with `GatewayPorts clientspecified`: the machine is its user's own. */
export function listenAddress(asked: string): string | undefined {
  if (asked === '' || asked === '*') return '0.0.0.0'
  if (asked === 'localhost') return '127.0.0.1'
  return isIP(asked) > 0 ? asked : undefined
}

export interface RemoteForwards {
  /** Resolves when all that were asked for so far are there, or refused. */
  settled(): Promise<void>
}

/** Serves `ssh -R` by a program that `exec` runs in the machine. */
export function serveRemoteForwards(client: Connection, exec: Exec): RemoteForwards {
  const open = new Map<string, Forwarder>()
  const asked = new Set<Promise<void>>()
  let opening = 0
  let isGone = false

  const listen = async (asked: string, port: number): Promise<number> => {
    const address = listenAddress(asked)
    if (address === undefined || port < 0 || port > 65535) throw new Error('not an address')
    if (open.size + opening >= mostForwards) throw new Error('too many forwards')
    opening += 1
    try {
      let bound = port
      const forwarder = await openForwarder(exec, `listen ${address} ${port}`, (arrival) =>
        passOn(arrival, (reply) => client.forwardOut(asked, bound, arrival.address, arrival.port, reply)),
      )
      if (isGone) {
        forwarder.close()
        throw new Error('the client is gone')
      }
      bound = Number(forwarder.where)
      const name = `${asked} ${bound}`
      open.set(name, forwarder)
      void forwarder.ended.then(() => open.get(name) === forwarder && open.delete(name))
      return bound
    } finally {
      opening -= 1
    }
  }

  client.on('request', (accept, reject, name, info) => {
    if (name === 'tcpip-forward') {
      const answered = listen(info.bindAddr, info.bindPort).then(
        (port) => accept?.(port),
        () => reject?.(),
      )
      asked.add(answered)
      void answered.then(() => asked.delete(answered))
    } else if (name === 'cancel-tcpip-forward') {
      const forwarder = open.get(`${info.bindAddr} ${info.bindPort}`)
      forwarder?.close()
      if (forwarder) accept?.()
      else reject?.()
    } else reject?.()
  })
  client.on('close', () => {
    isGone = true
    for (const forwarder of open.values()) forwarder.close()
  })

  return {
    async settled() {
      await Promise.all(asked)
    },
  }
}

/** Opens a channel to the client for a connection that arrived in the machine, and joins both; the connection ends when the client wants none. */
export function passOn(arrival: Arrival, openChannel: (reply: Parameters<Connection['forwardOut']>[4]) => void): void {
  try {
    openChannel((error, channel) => {
      if (error) return arrival.drop()
      arrival.take().then(
        (inside) => joinStreams(channel, inside),
        () => channel.destroy(),
      )
    })
  } catch {
    arrival.drop()
  }
}

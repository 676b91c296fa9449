import { type Duplex, duplexPair } from 'node:stream'
import { routes } from '@ramet/model/api/routes.ts'
import { startTunnelSchema, tunnelSchema } from '@ramet/model/api/tunnel.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { notAuthenticated, notFound } from '@ramet/model/errors/errors.ts'
import { visibleLine } from '@ramet/model/units/visible-text.ts'
import type { FastifyBaseLogger } from 'fastify'
import { createWebSocketStream, type WebSocket } from 'ws'
import { z } from 'zod'
import { readCookie } from '../access/cookie.ts'
import type { Gate } from '../access/gate.ts'
import { LentLogin } from '../access/lent-login.ts'
import type { OpenCounts } from '../access/open-counts.ts'
import { isSameHash, sha256 } from '../access/token-hash.ts'
import type { Services, User } from '../services.ts'
import { type Arrival, type Exec, openForwarder } from '../ssh/forwarder.ts'
import { linger } from '../ssh/join-streams.ts'
import { reach } from '../ssh/reach.ts'
import { listenAddress } from '../ssh/remote-forwards.ts'
import { serveSsh } from '../ssh/serve-connection.ts'
import { onlyKey, parsePublic } from '../ssh/ssh-keys.ts'
import { Arrivals } from '../tunnels/arrivals.ts'
import { readTunnelAddress, type TunnelAddress } from '../tunnels/tunnel-address.ts'
import { type OpenTunnel, Tunnels } from '../tunnels/tunnels.ts'
import { waitUntilReady } from '../tunnels/wait-until-ready.ts'
import { noteCarried } from './carried-bytes.ts'
import { publicUrl } from './public-url.ts'
import { type Route, route } from './route.ts'
import type { IsSecure } from './secure-requests.ts'
import type { AskedSocket, WebSockets } from './web-sockets.ts'

export interface TunnelOptions {
  readonly services: Services
  readonly gate: Gate
  readonly sockets: WebSockets
  readonly counts: OpenCounts
  readonly isSecure: IsSecure
  readonly log: FastifyBaseLogger
  /** How long a client is held while its machine boots. */
  readonly holdMs?: number
}

/** labctl takes this cookie from the answer to `loginUrl` and sends it with each websocket; nothing else. */
const cookieName = '.ixcondsess'
const sshPort = 22

const cannotListenThere = (host: string, port: number, why: string) =>
  new RametError('cannot_listen_there', 409, `The machine cannot listen on ${host}:${port}: ${visibleLine(why)}`, {
    hint: 'Another program of the machine may have the port: ask for another one.',
  })

/** Joins a websocket with a connection. The protocol has no half-close: the end of one side is the end, once the other has what was sent. */
function carry(inside: Duplex, closed: () => void): (socket: WebSocket) => void {
  return (socket) => {
    const outside = createWebSocketStream(socket)
    // A text frame has no place in a connection of bytes.
    socket.on('message', (data: Buffer, isBinary) => (isBinary ? noteCarried(data.length) : socket.close(1003)))
    inside.on('data', (data: Buffer) => noteCarried(data.length))
    outside.on('error', () => inside.destroy())
    // Its close follows.
    inside.on('error', () => {})
    inside.once('close', () => {
      closed()
      outside.end()
    })
    inside.once('end', () => outside.end())
    socket.once('close', () => {
      inside.unpipe(outside)
      linger(inside)
    })
    inside.pipe(outside, { end: false })
    outside.pipe(inside)
  }
}

const hasCookie = ({ request }: AskedSocket, tunnel: OpenTunnel): boolean => {
  const cookie = readCookie(request.headers.cookie ?? '', cookieName)
  return cookie !== undefined && isSameHash(sha256(cookie), sha256(tunnel.cookie))
}

const noTunnel = () => notFound('tunnel', 'of this URL', 'Open a new one: POST /api/plays/ID/tunnels.')

/**
 * Tunnels as labctl knows them (`ssh`, `cp`, `port-forward`, `ide`): websockets that are TCP connections into a machine's network, one each. Behind port 22 of the machine itself
 * stands an SSH server of Ramet's own, so that images need none. Returns the routes that hand tunnels out.
 */
export function addTunnels({ services, gate, sockets, counts, isSecure, log, holdMs = 50_000 }: TunnelOptions): Route[] {
  const tunnels = new Tunnels()
  const arrivals = new Arrivals()
  const { runs, machines, host } = services

  const talkSsh = ({ login, runId, machine, account, sshKey }: OpenTunnel) => {
    const [ours, theirs] = duplexPair()
    serveSsh(ours, {
      hostKey: host.sshHostKey(),
      log,
      machines,
      counts,
      access: {
        userOf: async (key) => (sshKey ? onlyKey(sshKey, await login.user())(key) : undefined),
        destinationOf: async () => ({ runId, machine, account }),
      },
      admitted() {},
    })
    return theirs
  }

  const open = (user: User, tunnel: OpenTunnel, asked: Exclude<TunnelAddress, { kind: 'listen' }>): Promise<Duplex> => {
    if (asked.kind === 'connect') return arrivals.claim(tunnel, asked.connection)
    const isShell = asked.host === '' && asked.port === sshPort && tunnel.sshKey !== undefined
    if (isShell) return Promise.resolve(talkSsh(tunnel))
    return reach(machines, user, tunnel, asked.host, asked.port)
  }

  /** Listens in the machine for as long as the websocket is there, and tells it of each connection. */
  const listen = async (
    user: User,
    tunnel: OpenTunnel,
    { host: at, port }: { host: string; port: number },
    closed: () => void,
  ) => {
    const { runId, machine, account } = tunnel
    const address = listenAddress(at)
    if (address === undefined) throw cannotListenThere(at, port, 'it is no address of the machine.')
    const early: Arrival[] = []
    let told = (arrival: Arrival): void => void early.push(arrival)
    const exec: Exec = (command) => machines.exec(user, runId, machine, command, account === undefined ? {} : { user: account })
    const forwarder = await openForwarder(exec, `listen ${address} ${port}`, (arrival) => told(arrival)).catch((error: Error) => {
      throw cannotListenThere(at, port, error.message)
    })
    return (socket: WebSocket) => {
      told = (arrival) => socket.send(JSON.stringify({ type: 'connect', cid: arrivals.add(tunnel, arrival) }))
      early.forEach(told)
      void forwarder.ended.then(() => socket.close(1000))
      socket.once('close', () => {
        forwarder.close()
        closed()
      })
    }
  }

  sockets.add(
    {
      path: `${routes.tunnel(':ticket')}/tunnels/*`,
      permission: 'anyone',
      summary:
        'A TCP connection into the network of a machine, to the address that is given in base64; needs the cookie of the tunnel',
    },
    async (asked) => {
      const [ticket = '', address = ''] = asked.params
      const tunnel = tunnels.find(ticket)
      if (!tunnel) throw noTunnel()
      if (!hasCookie(asked, tunnel)) throw notAuthenticated()
      // Whoever may not enter the run any more gets no connection either: each way in asks.
      const user = await tunnel.login.user()
      const to = readTunnelAddress(address)
      const place = counts.take(user, 'sockets')
      const giveBack = () => place[Symbol.dispose]()
      try {
        const serve =
          to.kind === 'listen' ? await listen(user, tunnel, to, giveBack) : carry(await open(user, tunnel, to), giveBack)
        return (socket) => {
          tunnel.login.bind(socket)
          serve(socket)
        }
      } catch (error) {
        giveBack()
        throw error
      }
    },
    (asked) => {
      const tunnel = tunnels.find(asked.params[0] ?? '')
      return tunnel && hasCookie(asked, tunnel) ? tunnel.login : undefined
    },
  )

  return [
    route({
      method: 'POST',
      path: routes.tunnels(':id'),
      permission: 'run.enter',
      params: ['id'],
      summary:
        'Opens a tunnel into a machine for ssh and other TCP connections, as labctl uses it; waits while the machine boots, then 503',
      body: startTunnelSchema,
      answer: tunnelSchema,
      async handle({ user, params, body, request }) {
        const machine = await waitUntilReady(runs, user, params.id, body.machine ?? '', holdMs)
        const ticket = tunnels.add({
          login: new LentLogin(gate, request.headers),
          runId: params.id,
          machine,
          account: body.sshUser || undefined,
          sshKey: body.sshPubKey ? parsePublic(body.sshPubKey).wire : undefined,
        })
        const url = publicUrl(request, isSecure) + routes.tunnel(ticket)
        return { url, loginUrl: `${url}/login` }
      },
    }),
    route({
      method: 'GET',
      path: `${routes.tunnel(':ticket')}/login`,
      permission: 'anyone',
      params: ['ticket'],
      summary: 'Gives whoever knows the URL of a tunnel the cookie that its websockets need',
      answer: z.object({}),
      lender: ({ ticket = '' }) => tunnels.find(ticket)?.login,
      async handle({ params, reply }) {
        const tunnel = tunnels.find(params.ticket)
        if (!tunnel) throw noTunnel()
        reply.header(
          'set-cookie',
          `${cookieName}=${tunnel.cookie}; Path=${routes.tunnel(params.ticket)}; HttpOnly; SameSite=Strict`,
        )
        return {}
      },
    }),
  ]
}

import type { Connection } from 'ssh2'
import { type Exec, type Forwarder, openForwarder } from './forwarder.ts'
import { passOn } from './remote-forwards.ts'

type Reply = Parameters<Connection['forwardOut']>[4]

/** What ssh2 has inside, but no method of its server for (1.17.0, server.js `openChannel`). */
interface Internals {
  readonly _chanMgr: { add(reply: Reply): number }
  readonly _protocol: { openssh_authAgent(channel: number, windowBytes: number, packetBytes: number): void }
}

/** As for the channels that ssh2 opens itself. */
const windowBytes = 2 * 1024 ** 2
const packetBytes = 32 * 1024
const channelType = 'auth-agent@openssh.com'

/** Asks the client for a connection to its agent (OpenSSH's PROTOCOL, `auth-agent@openssh.com`). Throws when no channel is free. */
function openAgentChannel(client: Connection, reply: Reply): void {
  const { _chanMgr, _protocol } = client as unknown as Internals
  const opened: Reply = (error, stream) => reply(error, stream)
  const channel = _chanMgr.add(Object.assign(opened, { type: channelType }))
  if (channel === -1) throw new Error('the connection has no free channel')
  _protocol.openssh_authAgent(channel, windowBytes, packetBytes)
}

/** The client's agent as a socket in the machine, for one session that asked for it (`ssh -A`). Its keys stay with the client, and the socket goes with the session. */
export const openAgentForward = (client: Connection, exec: Exec): Promise<Forwarder> =>
  openForwarder(exec, 'agent', (arrival) => passOn(arrival, (reply) => openAgentChannel(client, reply)))

/** `command` with the socket in its environment; of the login shell for `undefined`. The path is of letters, digits, dots, dashes and slashes. */
export const withAgent = (path: string, command: string | undefined): string =>
  `export SSH_AUTH_SOCK=${path}; ${command === undefined ? 'exec "$SHELL" -l' : command}`

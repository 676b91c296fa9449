import type { Duplex } from 'node:stream'
import type { ExecOptions, GuestProcess } from '@ramet/engine'
import type { AuditAction } from '@ramet/model/access/audited.ts'
import type { FastifyBaseLogger } from 'fastify'
import type { AuthContext, Connection, ParsedKey, PublicKeyAuthContext, ServerChannel, TcpipRequestInfo } from 'ssh2'
import ssh2 from 'ssh2'
import type { OpenCounts } from '../access/open-counts.ts'
import { tellFailure } from '../audit/tell-failure.ts'
import type { Audit, Machines, User } from '../services.ts'
import { openAgentForward } from './agent-forward.ts'
import type { Destination } from './destination.ts'
import { joinStreams } from './join-streams.ts'
import { reach } from './reach.ts'
import { serveRemoteForwards } from './remote-forwards.ts'
import { serveSession } from './session.ts'

/** Who gets in, and where. Both are asked for each session and forward: a key that was taken away opens nothing more. */
export interface SshAccess {
  /** The user to whom this key (SSH wire format) belongs. */
  userOf(key: Buffer): Promise<User | undefined>
  /** Throws a RametError for people. */
  destinationOf(user: User, loginName: string): Promise<Destination>
}

export interface ConnectionTools {
  readonly access: SshAccess
  readonly machines: Pick<Machines, 'exec' | 'dial'>
  readonly counts: OpenCounts
  /** Tells of what is opened; absent: somebody else did. */
  readonly audit?: Pick<Audit, 'begin'>
  /** Called once somebody has proved who he is. */
  admitted(): void
}

export interface SshOptions extends ConnectionTools {
  /** Of whoever is at the other end. */
  readonly address?: string | undefined
  readonly hostKey: string
  readonly log: FastifyBaseLogger
  /** Between questions whether the client is still there; absent: whatever carries the connection asks. */
  readonly keepaliveMs?: number
}

/** Serves SSH on a stream of bytes to its end. */
export function serveSsh(stream: Duplex, { hostKey, log, keepaliveMs, ...tools }: SshOptions): void {
  const keepalive = keepaliveMs === undefined ? {} : { keepaliveInterval: keepaliveMs }
  const ssh = new ssh2.Server({ hostKeys: [hostKey], ident: 'ramet', ...keepalive }, (client) => serveConnection(client, tools))
  ssh.on('error', (error: Error) => log.debug({ err: error }, 'an ssh connection failed'))
  // Any stream does; the types know sockets only.
  ssh.injectSocket(stream as Parameters<typeof ssh.injectSocket>[0])
}

/** Keys that a client may offer. An agent with more has to name one. */
const mostTries = 20

const isSame = (user: User | undefined, other: User) => user?.id === other.id

/** Serves one SSH connection that ssh2 has accepted. Public keys are the only way in. */
function serveConnection(
  client: Connection,
  { access, machines, counts, audit, address, admitted }: ConnectionTools & Pick<SshOptions, 'address'>,
): void {
  let owner: { user: User; key: Buffer; loginName: string } | undefined
  let tries = 0

  const authenticate = async (asked: AuthContext): Promise<void> => {
    tries += 1
    if (tries > mostTries) return void client.end()
    if (asked.method !== 'publickey') return asked.reject(['publickey'])
    const key = keyOf(asked)
    const user = key && (await access.userOf(key.getPublicSSH()))
    if (!key || !user) return asked.reject(['publickey'])
    // Without a signature a client only asks whether the key would do (RFC 4252, 7).
    if (!asked.signature || !asked.blob) return asked.accept()
    if (key.verify(asked.blob, asked.signature, asked.hashAlgo) !== true) return asked.reject(['publickey'])
    owner = { user, key: key.getPublicSSH(), loginName: asked.username }
    admitted()
    asked.accept()
  }

  /** The user and where he goes, as it is now; and the audit log is told. */
  const enter = async (action: AuditAction): Promise<{ user: User; to: Destination }> => {
    if (!owner || !isSame(await access.userOf(owner.key), owner.user)) {
      client.end()
      throw new Error('the key was taken away')
    }
    const { user, loginName } = owner
    const entry = audit?.begin(action, address).by(user, 'ssh').about({ subject: loginName })
    const to = await tellFailure(entry, () => access.destinationOf(user, loginName))
    await entry?.about({ subject: to.runId, detail: to.machine }).done()
    return { user, to }
  }

  /** Runs a command where the connection leads, as the account that it names. */
  const exec = async (
    command: string,
    options: Pick<ExecOptions, 'pty'>,
    action: AuditAction = 'ssh.session',
  ): Promise<GuestProcess> => {
    const { user, to } = await enter(action)
    const place = counts.take(user, 'sockets')
    try {
      const process = await machines.exec(user, to.runId, to.machine, command, {
        ...options,
        ...(to.account === undefined ? {} : { user: to.account }),
      })
      void process.exit.catch(() => {}).finally(() => place[Symbol.dispose]())
      return process
    } catch (error) {
      place[Symbol.dispose]()
      throw error
    }
  }

  const forward = async (accept: () => ServerChannel, reject: () => void, { destIP, destPort }: TcpipRequestInfo) => {
    try {
      const { user, to } = await enter('ssh.forward')
      const place = counts.take(user, 'sockets')
      const inside = await reach(machines, user, to, destIP, destPort).catch((error: unknown) => {
        place[Symbol.dispose]()
        throw error
      })
      inside.once('close', () => place[Symbol.dispose]())
      joinStreams(accept(), inside)
    } catch {
      reject()
    }
  }

  client.on('authentication', (asked) => void authenticate(asked).catch(() => asked.reject()))
  const forwards = serveRemoteForwards(client, (command) => exec(command, {}, 'ssh.forward'))
  client.on('session', (accept) =>
    serveSession(accept(), {
      // As with sshd, what was asked for first is there: a command may use a port that leads to its client.
      async begin(command, options) {
        await forwards.settled()
        return exec(command ?? '', options)
      },
      openAgent: () => openAgentForward(client, (command) => exec(command, {}, 'ssh.forward')),
    }),
  )
  client.on('tcpip', (accept, reject, to) => void forward(accept, reject, to))
  client.on('error', () => client.end())
}

function keyOf({ key }: PublicKeyAuthContext): ParsedKey | undefined {
  const parsed = ssh2.utils.parseKey(`${key.algo} ${key.data.toString('base64')}`)
  return parsed instanceof Error ? undefined : parsed
}

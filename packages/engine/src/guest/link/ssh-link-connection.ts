import { Client, type ClientChannel } from 'ssh2'
import type { VmPort } from '../../vmm/vmm.ts'
import type { ExecOptions, RunKeys } from '../guest.ts'
import { wireKey } from '../identity/keys.ts'

export interface ConnectOptions {
  readonly port: VmPort
  readonly keys: RunKeys
  /** How long the guest may be silent before its first byte. */
  readonly silentMs: number
  readonly signal: AbortSignal
}

/** Bound from the first byte to the login, which takes 0.3-0.6 s under TCG, and several times that on a busy host. */
const handshakeMs = 20_000
/** A guest that does not answer for 30 s is gone, or its port was reset. Paused guests and busy hosts stay below. */
const keepalive = { keepaliveInterval: 5000, keepaliveCountMax: 6 }

/** SSH_OPEN_CONNECT_FAILED (RFC 4254, 5.1). */
const connectFailed = 2
/** As ssh2 rejects a channel that the guest refused to open. */
type ChannelRefused = Error & { readonly reason?: number }

/** One authenticated connection; `lost` settles when it ends, for whatever reason. */
export interface SshConnection {
  readonly lost: Promise<void>
  /**
   * Calls `take` with the channel before anything more is read: a command that ends at once may have its exit status in the same bytes that
   * opened its channel, and ssh2 reports it only to existing listeners.
   */
  exec<T>(command: string, pty: ExecOptions['pty'], take: (channel: ClientChannel) => T): Promise<T>
  /** A TCP connection to a port on the guest's loopback; undefined when nothing listens there. */
  dial(port: number): Promise<ClientChannel | undefined>
  close(): void
}

/** Logs in as the platform's root over the VM's port and verifies the guest's host key. Rejects with the reason and leaves nothing open. */
export async function connectSsh({ port, keys, silentMs, signal }: ConnectOptions): Promise<SshConnection> {
  signal.throwIfAborted()
  const socket = await port()
  const client = new Client()
  const lost = Promise.withResolvers<void>()
  const ready = Promise.withResolvers<void>()
  const expected = wireKey(keys.hostPublic)
  const fail = (error: Error) => {
    ready.reject(error)
    socket.destroy()
  }
  const abort = () => fail(signal.reason as Error)
  signal.addEventListener('abort', abort, { once: true })
  let handshake: NodeJS.Timeout | undefined
  const silence = setTimeout(() => fail(new Error('the guest says nothing yet')), silentMs)
  client.on('ready', ready.resolve)
  client.on('error', fail)
  client.on('close', () => {
    ready.reject(new Error('the guest closed the connection'))
    lost.resolve()
  })
  socket.on('end', () => socket.destroy())
  client.connect({
    sock: socket,
    username: 'root',
    privateKey: keys.clientPrivate,
    authHandler: ['publickey'],
    hostVerifier: (key: Buffer) => key.equals(expected),
    // By our own clocks, since it may be long until the guest is there at all.
    readyTimeout: 0,
    ...keepalive,
    algorithms: {
      serverHostKey: ['ssh-ed25519'],
      kex: ['curve25519-sha256', 'curve25519-sha256@libssh.org'],
      // Without instructions for AES, as emulated guests are, ChaCha20 is the cheap one.
      cipher: ['chacha20-poly1305@openssh.com', 'aes128-gcm@openssh.com', 'aes128-ctr'],
      compress: ['none'],
    },
  })
  socket.once('data', () => {
    clearTimeout(silence)
    handshake = setTimeout(() => fail(new Error('the guest did not finish the handshake')), handshakeMs)
  })
  try {
    await ready.promise
  } finally {
    clearTimeout(silence)
    clearTimeout(handshake)
    signal.removeEventListener('abort', abort)
  }
  return {
    lost: lost.promise,
    exec: (command, pty, take) =>
      new Promise((resolve, reject) => {
        const opened = (error: Error | undefined, channel: ClientChannel) => (error ? reject(error) : resolve(take(channel)))
        // A lost connection never calls back for a channel that it had not opened yet.
        void lost.promise.then(() => reject(new Error('the connection was lost')))
        client.exec(command, pty ? { pty: { term: pty.term, cols: pty.cols, rows: pty.rows } } : {}, opened)
      }),
    dial: (port) =>
      new Promise((resolve, reject) => {
        void lost.promise.then(() => reject(new Error('the connection was lost')))
        client.forwardOut('127.0.0.1', 0, '127.0.0.1', port, (error, channel) => {
          if (!error) resolve(channel)
          else if ((error as ChannelRefused).reason === connectFailed) resolve(undefined)
          else reject(error)
        })
      }),
    close: () => {
      client.end()
      socket.destroy()
    },
  }
}

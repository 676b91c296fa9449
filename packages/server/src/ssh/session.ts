import { finished } from 'node:stream/promises'
import type { ExecOptions, GuestProcess } from '@ramet/engine'
import { visibleText } from '@ramet/model/units/visible-text.ts'
import type { PseudoTtyInfo, ServerChannel, Session } from 'ssh2'
import { toRametError } from '../http/error-answers.ts'
import { withAgent } from './agent-forward.ts'
import type { Forwarder } from './forwarder.ts'

export interface SessionTools {
  /** The command of an `exec`; a subsystem has one too; undefined: the login shell. */
  begin(command: string | undefined, options: Pick<ExecOptions, 'pty'>): Promise<GuestProcess>
  /** Opens a socket in the machine by which its programs reach the client's agent. */
  openAgent(): Promise<Forwarder>
}

/** Only the signals that the agent in a guest passes on; others have no name there. */
const signals: ReadonlySet<string> = new Set(['INT', 'TERM', 'HUP', 'QUIT', 'KILL'])
type SignalName = Parameters<GuestProcess['signal']>[0]
const isSignal = (name: string): name is SignalName => signals.has(name)

/** What ssh itself exits with when it could not run a command (ssh(1)). */
const ownFailure = 255

/** The platform's program in every guest: images need no sshd of their own. */
const sftpCommand = 'exec /run/ramet/sftp'

/** Serves one session of an SSH connection (RFC 4254, 6): a shell, a command, or sftp, with or without a terminal. */
export function serveSession(session: Session, { begin, openAgent }: SessionTools): void {
  let pty: ExecOptions['pty']
  let running: GuestProcess | undefined
  /** The input ended before there was a command to take it. */
  let endedEarly = false
  let isServed = false
  let wantsAgent = false

  session.on('pty', (accept, _reject, info: PseudoTtyInfo & { readonly term?: string }) => {
    pty = { term: info.term ?? 'xterm', ...sizeOf(info) }
    accept?.()
  })
  session.on('window-change', (accept, _reject, info) => {
    const { cols, rows } = sizeOf(info)
    if (pty) pty = { ...pty, cols, rows }
    running?.resize(cols, rows)
    accept?.()
  })
  session.on('signal', (accept, reject, { name }) => {
    if (!isSignal(name)) return reject?.()
    running?.signal(name)
    accept?.()
  })
  session.on('auth-agent', (accept) => {
    wantsAgent = true
    accept?.()
  })
  // labctl may send the end of an empty input before it asks for the command. ssh2 refuses everything then, unless it is told that the session goes on.
  session.on('eof', () => {
    endedEarly = !isServed
    Object.assign(session, { _ending: false })
  })

  const serve = async (channel: ServerChannel, command: string | undefined) => {
    isServed = true
    let isGone = false
    let agent: Forwarder | undefined
    channel.on('close', () => {
      isGone = true
      running?.close()
      agent?.close()
    })
    channel.on('error', () => channel.destroy())
    try {
      agent = wantsAgent ? await openAgent() : undefined
      const process = await begin(agent ? withAgent(agent.where, command) : command, pty ? { pty } : {})
      running = process
      if (isGone) {
        agent?.close()
        return process.close()
      }
      await pump(channel, process, endedEarly)
    } catch (error) {
      tell(channel, error)
    }
  }

  session.on('exec', (accept, _reject, { command }) => void serve(accept(), command))
  session.on('shell', (accept) => void serve(accept(), undefined))
  session.on('subsystem', (accept, reject, { name }) => (name === 'sftp' ? void serve(accept(), sftpCommand) : reject()))
}

async function pump(channel: ServerChannel, { stdin, stdout, stderr, exit }: GuestProcess, endedEarly: boolean): Promise<void> {
  // Input for a command that has ended is no fault.
  stdin.on('error', () => channel.resume())
  if (endedEarly) stdin.end()
  else channel.pipe(stdin)
  stdout.pipe(channel, { end: false })
  stderr.pipe(channel.stderr, { end: false })
  const [{ code, signal }] = await Promise.all([exit, finished(stdout), finished(stderr)])
  if (signal === undefined) channel.exit(code)
  else channel.exit(signal, false, '')
  channel.end()
}

/** Shows a person why there is no command, on the error stream, as ssh does. */
function tell(channel: ServerChannel, error: unknown): void {
  const known = toRametError(error)
  const lines = known
    ? [`ramet: ${known.message}`, ...(known.hint === undefined ? [] : [`hint: ${known.hint}`])]
    : ['ramet: it failed.']
  channel.stderr.write(lines.map((line) => `${visibleText(line)}\r\n`).join(''))
  channel.exit(ownFailure)
  channel.end()
}

/** ssh without a terminal of its own says 0 x 0. */
const sizeOf = ({ cols, rows }: Pick<PseudoTtyInfo, 'cols' | 'rows'>) => ({
  cols: Math.min(cols || 80, 1000),
  rows: Math.min(rows || 24, 1000),
})

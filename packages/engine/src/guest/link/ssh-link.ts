import type { Duplex } from 'node:stream'
import { guestUnreachable } from '@ramet/model/errors/errors.ts'
import type { ClientChannel } from 'ssh2'
import type { Vm } from '../../vmm/vmm.ts'
import type {
  ExecOptions,
  GuestLink,
  GuestProcess,
  GuestTerminal,
  LinkOptions,
  RunKeys,
  TerminalOptions,
  ToolResult,
  WithPort,
} from '../guest.ts'
import { commandAs, toolCommand } from './exec-command.ts'
import { processOf } from './exec-process.ts'
import { connectSsh, type SshConnection } from './ssh-link-connection.ts'
import { openTerminal } from './ssh-link-terminal.ts'

/** Timeouts of attempts. A guest answers seconds after power-on; later attempts wait longer, in case bytes were lost before the guest read the port. */
const silentMs = { first: 2000, longest: 30_000 }
const betweenTriesMs = { first: 50, longest: 2000 }
/** Probe that checks that commands run in the guest. */
const probeMs = 15_000
const runDefaults = { timeoutMs: 30_000, keepBytes: 1024 * 1024 }

type Link = WithPort<'ssh'> & Pick<Vm, 'onReset'>

/** See GuestLink. Tries until it is closed: a VM that boots, reboots or is not there yet is no error. */
export class SshLink implements GuestLink {
  readonly #vm: Link
  readonly #keys: RunKeys
  readonly #listeners = new Set<(isReady: boolean, why?: string) => void>()
  readonly #processes = new Set<ReturnType<typeof processOf>>()
  readonly #closing = new AbortController()
  readonly #stopListening: () => void
  #connection: SshConnection | undefined
  #reset = new AbortController()
  #lastWhy = 'it does not answer yet.'

  constructor(vm: Link, keys: RunKeys, { awake }: LinkOptions = {}) {
    this.#vm = vm
    this.#keys = keys
    this.#stopListening = vm.onReset(() => this.#reset.abort(new Error('the machine was reset')))
    void this.#begin(awake)
  }

  get isReady(): boolean {
    return this.#connection !== undefined
  }

  get lastWhy(): string | undefined {
    return this.isReady ? undefined : this.#lastWhy
  }

  onChange(listener: (isReady: boolean, why?: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async ready(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const stop = AbortSignal.any([signal, this.#closing.signal])
    const abort = () => reject(this.#closing.signal.aborted ? this.#unreachable() : (signal.reason as Error))
    const forget = this.onChange((isReady) => isReady && resolve())
    stop.addEventListener('abort', abort, { once: true })
    if (stop.aborted) abort()
    else if (this.isReady) resolve()
    try {
      await promise
    } finally {
      forget()
      stop.removeEventListener('abort', abort)
    }
  }

  async exec(command: string, { user = 'root', pty }: ExecOptions = {}): Promise<GuestProcess> {
    return this.#start(commandAs(user, command), pty)
  }

  async run(
    command: string,
    { user, timeoutMs = runDefaults.timeoutMs, stdin = '' }: { user?: string; timeoutMs?: number; stdin?: string } = {},
  ): Promise<ToolResult> {
    return this.#finish(await this.exec(command, { user }), timeoutMs, stdin)
  }

  async tool(
    argv: readonly [string, ...string[]],
    { timeoutMs = runDefaults.timeoutMs, stdin = '' }: { timeoutMs?: number; stdin?: string } = {},
  ): Promise<ToolResult> {
    return this.#finish(await this.#start(toolCommand(argv)), timeoutMs, stdin)
  }

  async #finish(process: GuestProcess, timeoutMs: number, stdin: string): Promise<ToolResult> {
    const tooLate = Promise.withResolvers<never>()
    const timer = setTimeout(() => tooLate.reject(guestUnreachable(`a command took more than ${timeoutMs} ms.`)), timeoutMs)
    try {
      process.stdin.end(stdin)
      const ended = Promise.all([process.exit, textOf(process.stdout), textOf(process.stderr)])
      ended.catch(() => {})
      const [{ code }, stdout, stderr] = await Promise.race([ended, tooLate.promise])
      return { code, stdout, stderr }
    } finally {
      clearTimeout(timer)
      process.close()
    }
  }

  async terminal(session: string, options: TerminalOptions): Promise<GuestTerminal> {
    return openTerminal((command) => this.#start(command), session, options)
  }

  async dial(port: number): Promise<Duplex | undefined> {
    const connection = this.#connection
    if (!connection) throw this.#unreachable()
    return connection.dial(port).catch((error: Error) => {
      throw guestUnreachable(error.message)
    })
  }

  close(): void {
    this.#closing.abort(new Error('the link was closed'))
    this.#stopListening()
    this.#connection?.close()
  }

  #unreachable(): Error {
    return guestUnreachable(this.#closing.signal.aborted ? 'it was switched off.' : this.#lastWhy)
  }

  async #start(command: string, pty?: ExecOptions['pty']): Promise<GuestProcess> {
    const connection = this.#connection
    if (!connection) throw this.#unreachable()
    const take = (channel: ClientChannel) =>
      processOf(channel, () => guestUnreachable('the connection was lost before the command ended.'))
    const process = await connection.exec(command, pty, take).catch((error: Error) => {
      throw guestUnreachable(error.message)
    })
    this.#processes.add(process)
    const forget = () => this.#processes.delete(process)
    process.exit.then(forget, forget)
    return process
  }

  #change(connection: SshConnection | undefined): void {
    if (this.#connection === connection) return
    this.#connection = connection
    if (!connection) for (const process of this.#processes) process.lost()
    for (const listener of this.#listeners) listener(connection !== undefined, this.lastWhy)
  }

  async #begin(awake: Promise<unknown> | undefined): Promise<void> {
    if (awake) this.#lastWhy = 'it was resumed, and is not awake yet.'
    try {
      await awake
    } catch (error) {
      this.#lastWhy = `it was resumed, and did not wake (${(error as Error).message}).`
      return
    }
    await this.#keepConnected()
  }

  async #keepConnected(): Promise<void> {
    let silence = silentMs.first
    let pause = betweenTriesMs.first
    while (!this.#closing.signal.aborted) {
      this.#reset = new AbortController()
      const stop = AbortSignal.any([this.#closing.signal, this.#reset.signal])
      try {
        const connection = await connectSsh({ port: this.#vm.ports.ssh, keys: this.#keys, silentMs: silence, signal: stop })
        stop.addEventListener('abort', () => connection.close(), { once: true })
        if (stop.aborted) connection.close()
        await probe(connection)
        silence = silentMs.first
        pause = betweenTriesMs.first
        this.#change(connection)
        await connection.lost
        this.#lastWhy = 'the connection was lost.'
      } catch (error) {
        this.#lastWhy = `${(error as Error).message}.`
        silence = Math.min(silence * 2, silentMs.longest)
      }
      this.#change(undefined)
      await sleep(pause, this.#closing.signal)
      pause = Math.min(pause * 2, betweenTriesMs.longest)
    }
  }
}

/** Rejects, and closes the connection, unless a command runs. */
async function probe(connection: SshConnection): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const timer = setTimeout(() => reject(new Error('no command runs in the guest')), probeMs)
  try {
    const take = (channel: ClientChannel) => {
      channel.on('exit', (code: number | null) => (code === 0 ? resolve() : reject(new Error('a command failed in the guest'))))
      channel.on('close', () => reject(new Error('the guest closed the connection')))
      channel.resume()
      channel.stderr.resume()
      channel.end()
    }
    await Promise.race([connection.exec('true', undefined, take), promise])
    await promise
  } catch (error) {
    connection.close()
    throw error
  } finally {
    clearTimeout(timer)
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  const wake = () => {
    clearTimeout(timer)
    resolve()
  }
  signal.addEventListener('abort', wake, { once: true })
  return promise.finally(() => signal.removeEventListener('abort', wake))
}

/** Reads a stream to its end and keeps the beginning. */
async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const kept: Buffer[] = []
  let size = 0
  for await (const bytes of stream) {
    if (size < runDefaults.keepBytes) kept.push(bytes.subarray(0, runDefaults.keepBytes - size))
    size += bytes.length
  }
  return Buffer.concat(kept).toString()
}

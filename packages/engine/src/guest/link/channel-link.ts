import type { Duplex } from 'node:stream'
import { RametError } from '@ramet/model/errors/error.ts'
import { guestUnreachable } from '@ramet/model/errors/errors.ts'
import type { Vm } from '../../vmm/vmm.ts'
import type {
  ExecOptions,
  GuestLink,
  GuestProcess,
  GuestTerminal,
  LinkOptions,
  TerminalOptions,
  ToolOptions,
  ToolResult,
  WithPort,
} from '../guest.ts'
import { type AbilityPace, usualAbility, watchAbility, whyNoCommand } from './ability.ts'
import { type Channel, processOf, Refused } from './channel.ts'
import { type ChannelConnection, connectChannels } from './channel-connection.ts'
import { duplexOf } from './duplex-of.ts'
import { openTerminal } from './keeper-terminal.ts'
import { type Pace, usualPace, watchLiveness } from './liveness.ts'
import { commandRequest, dialRequest, keeperRequest, toolRequest } from './requests.ts'
import { waitUntilReady } from './wait-until-ready.ts'

/** Timeouts of attempts. A guest answers seconds after power-on; later attempts wait longer, in case bytes were lost before the guest read the port. */
const silentMs = { first: 2000, longest: 30_000 }
const betweenTriesMs = { first: 50, longest: 2000 }
/** How long a VM may take to say whether it runs. One that does not say is not known to stand still. */
const isRunningMs = 2000
const runDefaults = { timeoutMs: 30_000, keepBytes: 1024 * 1024 }

type LinkedVm = WithPort<'channel'> & Pick<Vm, 'onReset'> & Partial<Pick<Vm, 'isRunning'>>

/** See GuestLink. Tries until it is closed: a VM that boots, reboots or is not there yet is no error. */
export class ChannelLink implements GuestLink {
  readonly #vm: LinkedVm
  readonly #pace: Pace & { readonly ability: AbilityPace }
  readonly #standsStill: () => boolean
  readonly #listeners = new Set<(isReady: boolean, why?: string) => void>()
  readonly #closing = new AbortController()
  readonly #stopListening: () => void
  #connection: ChannelConnection | undefined
  #isSilent = false
  /** Why the guest, which answers, can start no command. */
  #unable: string | undefined
  #reset = new AbortController()
  #lastWhy = 'it does not answer yet.'

  constructor(
    vm: LinkedVm,
    { awake, standsStill = () => false }: LinkOptions = {},
    pace: Pace & { readonly ability?: AbilityPace } = usualPace,
  ) {
    this.#vm = vm
    this.#pace = { ability: usualAbility, ...pace }
    this.#standsStill = standsStill
    this.#stopListening = vm.onReset(() => this.#reset.abort(new Error('the machine was reset')))
    void this.#begin(awake)
  }

  get isReady(): boolean {
    return this.#connection !== undefined && !this.#isSilent && this.#unable === undefined
  }

  get lastWhy(): string | undefined {
    if (this.isReady) return undefined
    return this.#connection && !this.#isSilent ? this.#unable : this.#lastWhy
  }

  onChange(listener: (isReady: boolean, why?: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  ready(signal: AbortSignal): Promise<void> {
    return waitUntilReady(this, signal, this.#closing.signal)
  }

  async exec(command: string, { user = 'root', pty }: ExecOptions = {}): Promise<GuestProcess> {
    return processOf(await this.#open(commandRequest(user, command, pty)))
  }

  async run(
    command: string,
    { user, timeoutMs = runDefaults.timeoutMs, stdin = '' }: { user?: string; timeoutMs?: number; stdin?: string } = {},
  ): Promise<ToolResult> {
    return this.#finish(this.#open(commandRequest(user ?? 'root', command)), timeoutMs, stdin)
  }

  async tool(
    argv: readonly [string, ...string[]],
    { timeoutMs = runDefaults.timeoutMs, stdin = '', signal }: ToolOptions = {},
  ): Promise<ToolResult> {
    signal?.throwIfAborted()
    return this.#finish(this.#open(toolRequest(argv)), timeoutMs, stdin, signal)
  }

  async #finish(opening: Promise<Channel>, timeoutMs: number, stdin: string, signal?: AbortSignal): Promise<ToolResult> {
    const tooLate = Promise.withResolvers<never>()
    const abort = () => tooLate.reject(signal?.reason as Error)
    signal?.addEventListener('abort', abort, { once: true })
    const timer = setTimeout(() => tooLate.reject(guestUnreachable(`a command took more than ${timeoutMs} ms.`)), timeoutMs)
    const toEnd = async (channel: Channel) => {
      channel.stdin.end(stdin)
      const [{ code }, stdout, stderr] = await Promise.all([channel.exit, textOf(channel.stdout), textOf(channel.stderr)])
      return { code, stdout, stderr }
    }
    const ended = opening.then(toEnd)
    ended.catch(() => {})
    try {
      return await Promise.race([ended, tooLate.promise])
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
      void opening.then((channel) => channel.close()).catch(() => {})
    }
  }

  async terminal(session: string, options: TerminalOptions): Promise<GuestTerminal> {
    return openTerminal(() => this.#open(keeperRequest()), session, options)
  }

  async dial(port: number): Promise<Duplex | undefined> {
    try {
      return duplexOf(processOf(await this.#connected().open(dialRequest(port))))
    } catch (error) {
      if (error instanceof Refused && error.nothingListens) return undefined
      throw unreachable(error)
    }
  }

  close(): void {
    this.#stopListening()
    this.#connection?.close('the link was closed')
    this.#closing.abort(guestUnreachable('it was switched off.'))
  }

  #unreachable(): Error {
    const { aborted, reason } = this.#closing.signal
    return aborted ? (reason as Error) : guestUnreachable(this.#lastWhy)
  }

  #connected(): ChannelConnection {
    const connection = this.#connection
    if (!connection || this.#isSilent) throw this.#unreachable()
    return connection
  }

  async #open(request: Buffer): Promise<Channel> {
    return this.#connected()
      .open(request)
      .catch((error: unknown) => {
        throw unreachable(error)
      })
  }

  /** A connection begins as one that answers and is able. */
  #change(connection: ChannelConnection | undefined, change: { isSilent?: boolean; unable?: string | undefined } = {}): void {
    const was = this.isReady
    if (connection !== this.#connection) [this.#isSilent, this.#unable] = [false, undefined]
    this.#connection = connection
    if ('isSilent' in change) this.#isSilent = change.isSilent ?? false
    if ('unable' in change) this.#unable = change.unable
    if (this.isReady !== was) for (const listener of this.#listeners) listener(this.isReady, this.lastWhy)
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
        const connection = await connectChannels({ port: this.#vm.ports.channel, silentMs: silence, signal: stop })
        stop.addEventListener('abort', () => connection.close((stop.reason as Error).message), { once: true })
        if (stop.aborted) connection.close((stop.reason as Error).message)
        silence = silentMs.first
        pause = betweenTriesMs.first
        this.#change(connection)
        this.#lastWhy = `${await this.#whenLost(connection)}.`
      } catch (error) {
        this.#lastWhy = `${(error as Error).message}.`
        silence = Math.min(silence * 2, silentMs.longest)
      }
      this.#change(undefined)
      await sleep(pause, this.#closing.signal)
      pause = Math.min(pause * 2, betweenTriesMs.longest)
    }
  }

  async #whenLost(connection: ChannelConnection): Promise<string> {
    const over = new AbortController()
    const standsStill = async () => this.#standsStill() || !(await this.#vmRuns())
    void watchAbility({
      pace: this.#pace.ability,
      whyNoCommand: (timeoutMs) => whyNoCommand(connection, timeoutMs),
      isUnknown: async () => this.#isSilent || (await standsStill()),
      changed: (why) => this.#change(connection, { unable: why }),
      signal: over.signal,
    })
    void watchLiveness(connection, {
      pace: this.#pace,
      standsStill,
      changed: (why) => {
        if (why) this.#lastWhy = why
        this.#change(connection, { isSilent: why !== undefined })
      },
      signal: over.signal,
    })
    try {
      return await connection.lost
    } finally {
      over.abort()
    }
  }

  async #vmRuns(): Promise<boolean> {
    const tooLate = new Promise<boolean>((resolve) => setTimeout(resolve, isRunningMs, true).unref())
    const runs = this.#vm.isRunning?.().catch(() => true) ?? true
    return Promise.race([runs, tooLate])
  }
}

const unreachable = (error: unknown) => (error instanceof RametError ? error : guestUnreachable(`${(error as Error).message}.`))

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

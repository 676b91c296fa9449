import { RametError } from '@ramet/model/errors/error.ts'
import { backoffMs } from './backoff.ts'

export interface Size {
  readonly cols: number
  readonly rows: number
}

/** What is needed of a MachineStream (client/machine-stream.ts). */
export interface ShellStream {
  readonly ready: Promise<{ resumed: boolean }>
  readonly exit: Promise<{ code: number }>
  onOutput(consumer: (channel: string, bytes: Uint8Array) => Promise<void>): void
  write(bytes: Uint8Array | string): Promise<void>
  resize(cols: number, rows: number): void
  close(): void
}

export interface Screen {
  size(): Size
  /** Resolves when there is room for more. */
  write(bytes: Uint8Array): Promise<void>
  /** A connection stands. `resumed`: the shell was there before, and its scrollback comes now, in full. */
  attached(again: boolean, resumed: boolean): Promise<void>
  /** The shell ended; Enter will open a new one. */
  ended(code: number): void
}

export type LinkState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  /** Lost, and tried again by itself. */
  | { readonly kind: 'lost'; readonly error: unknown }
  | { readonly kind: 'ended'; readonly code: number }
  /** Trying again by itself would not help. */
  | { readonly kind: 'refused'; readonly error: unknown }

export interface ShellLinkOptions {
  readonly open: (size: Size) => ShellStream
  readonly screen: Screen
  readonly onState: (state: LinkState) => void
  /** Which errors only somebody else can mend; default: the server's refusals. */
  readonly isFinal?: (error: unknown) => boolean
  /** Resolves after so long, or earlier when the signal aborts. A test gives its own. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>
  readonly now?: () => number
}

/** A connection that stood for less is counted as failed: two windows that take one shell from each other must not do so in a hot loop. */
const steadyMs = 5000

/** What is typed while nothing is attached is kept up to this many characters; a longer text is dropped as a whole. */
const heldLength = 4096

/** What xterm answers to a program's question (cursor position, attributes, colours): nothing that somebody typed. */
const answerToQuery = /^\x1b(?:\[[?>=]?[\d;$]*[cnRty]|[\]P].)/

/**
 * Keeps one terminal attached to its shell in the guest, which outlives any connection: reconnects with backoff for as long as it is open.
 * When the shell ends it waits for Enter, and the server starts a new one under the same name.
 */
export class ShellLink {
  readonly #options: ShellLinkOptions
  readonly #closing = new AbortController()
  #stream: ShellStream | undefined
  #isLive = false
  #isEnded = false
  readonly #held = new HeldInput()
  /** Ends the present wait, be it for time, Enter or "try again". */
  #wake = new AbortController()

  constructor(options: ShellLinkOptions) {
    this.#options = options
    void this.#run()
  }

  /**
   * What is typed while nothing is attached reaches the shell when it is: without its beginning a line would be another command. It is not
   * given to another shell than the one that stood there. After the shell's end Enter asks for a new one.
   */
  input(text: string | Uint8Array): void {
    if (this.#isLive) void this.#stream?.write(text)
    else if (this.#isEnded) (text === '\r' || text === '\n') && this.retry()
    else if (typeof text === 'string') this.#held.add(text)
  }

  resize(size: Size): void {
    if (this.#isLive) this.#stream?.resize(size.cols, size.rows)
  }

  /** Does not wait any longer. */
  retry(): void {
    this.#wake.abort()
  }

  close(): void {
    this.#closing.abort()
    this.#wake.abort()
    this.#stream?.close()
  }

  async #run(): Promise<void> {
    const { onState, now = Date.now, isFinal = isRefusal } = this.#options
    let failures = 0
    let hasStood = false
    while (!this.#closing.signal.aborted) {
      if (failures === 0) onState({ kind: 'connecting' })
      let stoodAt: number | undefined
      try {
        const code = await this.#attach(hasStood, () => {
          stoodAt = now()
          hasStood = true
        })
        if (this.#closing.signal.aborted) return
        failures = 0
        this.#isEnded = true
        onState({ kind: 'ended', code })
        await this.#pause()
        this.#isEnded = false
      } catch (error) {
        if (this.#closing.signal.aborted) return
        const wasSteady = stoodAt !== undefined && now() - stoodAt >= steadyMs
        failures = wasSteady ? 1 : failures + 1
        const kind = isFinal(error) ? 'refused' : 'lost'
        if (kind === 'refused') this.#held.clear()
        onState({ kind, error })
        await this.#pause(kind === 'lost' ? backoffMs(failures) : undefined)
      }
    }
  }

  /** One connection from beginning to end; returns the exit code of the shell. */
  async #attach(again: boolean, onStand: () => void): Promise<number> {
    const { open, screen, onState } = this.#options
    const stream = open(screen.size())
    this.#stream = stream
    const cleared = Promise.withResolvers<void>()
    try {
      stream.onOutput(async (_, bytes) => {
        // The scrollback must not run into a screen that still shows it.
        await cleared.promise
        await screen.write(bytes)
      })
      const { resumed } = await stream.ready
      await screen.attached(again, resumed)
      this.#isLive = true
      const { cols, rows } = screen.size()
      stream.resize(cols, rows)
      if (again && !resumed) this.#held.clear()
      const held = this.#held.take()
      if (held !== '') void stream.write(held)
      onStand()
      onState({ kind: 'live' })
      cleared.resolve()
      const { code } = await stream.exit
      screen.ended(code)
      return code
    } finally {
      this.#isLive = false
      cleared.resolve()
      stream.close()
    }
  }

  async #pause(ms?: number): Promise<void> {
    const { wait = waitFor } = this.#options
    this.#wake = new AbortController()
    if (this.#closing.signal.aborted) return
    const { signal } = this.#wake
    if (ms !== undefined) return wait(ms, signal)
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  }
}

class HeldInput {
  #text = ''
  #isTooLong = false

  add(text: string): void {
    if (this.#isTooLong || answerToQuery.test(text)) return
    this.#isTooLong = this.#text.length + text.length > heldLength
    this.#text = this.#isTooLong ? '' : this.#text + text
  }

  take(): string {
    const text = this.#text
    this.clear()
    return text
  }

  clear(): void {
    this.#text = ''
    this.#isTooLong = false
  }
}

/** The server's refusals are final until something else changes; everything else (it is away, the machine reboots) passes. */
function isRefusal(error: unknown): boolean {
  const final = ['not_authenticated', 'not_found', 'unknown_machine', 'action_refused', 'forbidden_origin', 'invalid_input']
  return error instanceof RametError && final.includes(error.code)
}

function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}

import { type PretendMachine, PretendShell } from './pretend-shell.ts'

const scrollbackBytes = 64 * 1024
const interrupted = 130

/** What of a terminal is in its machine's memory. */
export interface TerminalMemory {
  readonly user: string
  readonly variables: [string, string][]
  readonly line: string
  /** Base64. */
  readonly scrollback: string
}

/** An interactive shell with echo and line editing: the serial line, and sessions that are kept while nobody is attached. */
export class PretendTerminal {
  readonly #shell: PretendShell
  readonly #outputs = new Set<(bytes: Buffer) => void>()
  readonly #ends = new Set<(code: number) => void>()
  #scrollback = Buffer.alloc(0)
  #line = ''
  /** Typed while a command runs. */
  #waiting: string[] = []
  #running: AbortController | undefined
  #takeInput: ((bytes: Buffer | undefined) => void) | undefined

  readonly #user: string

  constructor(machine: PretendMachine, user: string, memory?: TerminalMemory) {
    this.#user = user
    this.#shell = new PretendShell(machine, user, memory?.variables)
    if (memory) {
      this.#line = memory.line
      this.#scrollback = Buffer.from(memory.scrollback, 'base64')
    } else this.print(this.#shell.prompt)
  }

  get memory(): TerminalMemory {
    const variables = [...this.#shell.variables]
    return { user: this.#user, variables, line: this.#line, scrollback: this.#scrollback.toString('base64') }
  }

  /** What was printed before comes first. Returns the way to detach. */
  attach(output: (bytes: Buffer) => void, ended: (code: number) => void): () => void {
    if (this.#scrollback.length > 0) output(this.#scrollback)
    this.#outputs.add(output)
    this.#ends.add(ended)
    return () => {
      this.#outputs.delete(output)
      this.#ends.delete(ended)
    }
  }

  print(text: string): void {
    const bytes = Buffer.from(text.replace(/\r?\n/g, '\r\n'), 'latin1')
    this.#scrollback = Buffer.concat([this.#scrollback, bytes]).subarray(-scrollbackBytes)
    for (const output of this.#outputs) output(bytes)
  }

  type(bytes: Buffer): void {
    for (const character of bytes.toString('latin1')) this.#key(character)
  }

  end(code: number): void {
    this.#running?.abort(new Error('the terminal ended'))
    for (const ended of [...this.#ends]) ended(code)
    this.#outputs.clear()
    this.#ends.clear()
  }

  #key(character: string): void {
    if (character === '\x03') {
      this.#waiting = []
      this.#line = ''
      this.print('^C\n')
      if (this.#running) this.#running.abort(new Error('interrupted'))
      else this.print(this.#shell.prompt)
      return
    }
    if (this.#running && !this.#takeInput) {
      this.#waiting.push(character)
      return
    }
    if (character === '\r' || character === '\n') this.#enter()
    else if (character === '\x7f' || character === '\b') {
      if (this.#line === '') return
      this.#line = this.#line.slice(0, -1)
      this.print('\b \b')
    } else if (character === '\x04') {
      if (this.#line !== '') return
      if (this.#takeInput) this.#takeInput(undefined)
      else {
        this.print('logout\n')
        this.end(0)
      }
    } else if (character >= ' ') {
      this.#line += character
      this.print(character)
    }
  }

  #enter(): void {
    const line = this.#line
    this.#line = ''
    this.print('\n')
    if (this.#takeInput) this.#takeInput(Buffer.from(`${line}\n`, 'latin1'))
    else void this.#run(line)
  }

  async #run(line: string): Promise<void> {
    const running = new AbortController()
    this.#running = running
    let code = interrupted
    let hasExited = false
    try {
      const print = (text: string) => this.print(text)
      const result = await this.#shell.run(
        line,
        { out: print, error: print, pipe: (take, signal) => this.#pipe(take, signal) },
        running.signal,
      )
      code = result.code
      hasExited = result.hasExited
    } catch {
      // Interrupted: a prompt follows, as after any other command.
    }
    this.#running = undefined
    if (hasExited) return this.end(code)
    this.print(this.#shell.prompt)
    const waiting = this.#waiting
    this.#waiting = []
    for (const character of waiting) this.#key(character)
  }

  /** Lines typed from now on are a command's input. */
  async #pipe(take: (bytes: Buffer) => void, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#takeInput = (bytes) => (bytes ? take(bytes) : resolve())
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    const waiting = this.#waiting
    this.#waiting = []
    for (const character of waiting) this.#key(character)
    try {
      await promise
    } finally {
      this.#takeInput = undefined
    }
  }
}

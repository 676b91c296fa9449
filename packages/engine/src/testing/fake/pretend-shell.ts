import { fileScripts } from '@ramet/model/api/guest-files.ts'
import type { PretendDrives } from './pretend-drives.ts'
import type { PretendWake } from './pretend-wake.ts'

/** What a pretend shell is part of. */
export interface PretendMachine {
  readonly name: string
  readonly bootId: string
  readonly bootedAt: number
  readonly machineId: string
  readonly wake: PretendWake
  /** Contents of files by path, one character a byte. They last as long as the machine's process and its memory. */
  readonly files: Map<string, string>
  readonly drives: Pick<PretendDrives, 'timesSetUp'>
  renewIdentity(): void
  powerOff(): void
  reboot(): void
  crash(): void
  /** Answers nobody for so many seconds, beginning in `inSeconds`. */
  freeze(seconds: number, inSeconds: number): void
}

export interface ShellStreams {
  out(text: string): void
  error(text: string): void
  /** Standard input to its end, handed to `take` as it comes; rejects with the signal's reason. */
  pipe(take: (bytes: Buffer) => void, signal: AbortSignal): Promise<void>
}

/** Thrown through a command line by `exit`. */
class Exit extends Error {
  readonly code: number
  constructor(code: number) {
    super('exit')
    this.code = code
  }
}

const longestSleepMs = 60_000

/** A few commands of a shell, enough to show that there is one: variables, sums, lists, and what tells one boot from the next. */
export class PretendShell {
  readonly #machine: PretendMachine
  readonly variables: Map<string, string>
  readonly #user: string
  #lastCode = 0

  constructor(machine: PretendMachine, user: string, variables: Iterable<[string, string]> = []) {
    this.#machine = machine
    this.#user = user
    this.variables = new Map(variables)
  }

  get prompt(): string {
    return this.#user === 'root' ? `root@${this.#machine.name}:~# ` : `${this.#user}@${this.#machine.name}:~$ `
  }

  /** `hasExited`: by `exit`, so that an interactive shell ends. Rejects with the signal's reason. */
  async run(line: string, streams: ShellStreams, signal: AbortSignal): Promise<{ code: number; hasExited: boolean }> {
    try {
      for (const { words, isOnlyAfter } of commandsOf(line)) {
        if (isOnlyAfter === '&&' && this.#lastCode !== 0) continue
        if (isOnlyAfter === '||' && this.#lastCode === 0) continue
        this.#lastCode = await this.#command(words, streams, signal)
      }
      return { code: this.#lastCode, hasExited: false }
    } catch (error) {
      if (error instanceof Exit) return { code: error.code, hasExited: true }
      throw error
    }
  }

  async #command(raw: readonly Word[], streams: ShellStreams, signal: AbortSignal): Promise<number> {
    signal.throwIfAborted()
    const [first] = raw
    const assignment = raw.length === 1 && first?.isQuoted === false ? /^([A-Za-z_]\w*)=(.*)$/s.exec(first.text) : null
    if (assignment) {
      this.variables.set(assignment[1] ?? '', this.#expand(assignment[2] ?? ''))
      return 0
    }
    const [program = '', ...args] = raw.map((word) => (word.isLiteral ? word.text : this.#expand(word.text)))
    switch (program) {
      case '':
      case 'true':
      case ':':
      case 'sync':
        return 0
      case 'false':
        return 1
      case 'echo':
        streams.out(args[0] === '-n' ? args.slice(1).join(' ') : `${args.join(' ')}\n`)
        return 0
      case 'hostname':
        streams.out(`${this.#machine.name}\n`)
        return 0
      case 'whoami':
        streams.out(`${this.#user}\n`)
        return 0
      case 'uname':
        streams.out(args.includes('-r') ? '6.1.0-fake\n' : 'Linux\n')
        return 0
      case 'uptime':
        streams.out(` up ${this.#uptime().toFixed(1)} seconds, in a world that is not real\n`)
        return 0
      case 'date':
        return this.#date(args, streams)
      case 'export':
        for (const pair of args) this.variables.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1))
        return 0
      case 'touch':
        for (const file of args) this.#machine.files.set(file, this.#machine.files.get(file) ?? '')
        return 0
      case 'sh':
        return this.#transfer(args, streams, signal)
      case 'test':
        return args[0] === '-e' && this.#machine.files.has(args[1] ?? '') ? 0 : 1
      case 'cat':
        return this.#cat(args, streams, signal)
      case 'sleep':
        await sleep(Math.min(Number(args[0]) * 1000 || 0, longestSleepMs), signal)
        return 0
      case 'exit':
        throw new Exit(args[0] === undefined ? this.#lastCode : Number(args[0]) & 255)
      case 'command':
        return args.includes('journalctl') ? 0 : 1
      case 'exec':
        throw new Exit(await this.#command(raw.slice(1), streams, signal))
      case 'journalctl':
        streams.out(`Nov 29 00:00:00 ${this.#machine.name} systemd[1]: Reached target multi-user.target.\n`)
        if (args.includes('-f')) await sleep(longestSleepMs, signal)
        return 0
      case 'poweroff':
        this.#machine.powerOff()
        return 0
      case 'reboot':
        this.#machine.reboot()
        return 0
      case 'freeze':
        this.#machine.freeze(Number(args[0] ?? 3600), Number(args[1] ?? 0))
        return 0
      case 'crash':
        this.#machine.crash()
        return 0
      default:
        streams.error(`sh: ${program}: not found\n`)
        return 127
    }
  }

  async #cat(files: readonly string[], streams: ShellStreams, signal: AbortSignal): Promise<number> {
    if (files.length === 0) await streams.pipe((bytes) => streams.out(bytes.toString('latin1')), signal)
    let code = 0
    for (const file of files) {
      if (file === '/proc/sys/kernel/random/boot_id') streams.out(`${this.#machine.bootId}\n`)
      else if (file === '/run/ramet/epoch') streams.out(`${this.#machine.wake.epoch}\n`)
      else if (file === '/proc/sys/kernel/random/uuid') streams.out(`${uuidOf(this.#machine.wake.random())}\n`)
      else if (file === '/etc/machine-id') streams.out(`${this.#machine.machineId}\n`)
      else if (file === '/proc/uptime') streams.out(`${this.#uptime().toFixed(2)} 0.00\n`)
      // A line for each first boot, as in a real guest.
      else if (file === '/var/lib/ramet-lineage') streams.out('1\n'.repeat(this.#machine.drives.timesSetUp))
      else if (file === '/etc/hostname') streams.out(`${this.#machine.name}\n`)
      else if (this.#machine.files.has(file)) streams.out(this.#machine.files.get(file) ?? '')
      else {
        streams.error(`cat: ${file}: No such file or directory\n`)
        code = 1
      }
    }
    return code
  }

  /** The two scripts by which clients read and write files (model's guest-files.ts), and no others. */
  async #transfer(words: readonly string[], streams: ShellStreams, signal: AbortSignal): Promise<number> {
    const { files } = this.#machine
    const [, script, , path = '', second = '', third = ''] = words
    if (script === fileScripts.read) {
      const content = files.get(path)
      if (content === undefined) {
        streams.error(`sh: 1: cannot open ${path}: No such file\n`)
        return 2
      }
      const begin = Number(second) - 1
      streams.out(third === '' ? content.slice(begin) : content.slice(begin, begin + Number(third)))
      return 0
    }
    if (script !== fileScripts.write) return 127
    let written = second === '' ? '' : (files.get(path) ?? '')
    await streams.pipe((bytes) => {
      written += bytes.toString('latin1')
    }, signal)
    files.set(path, written)
    return 0
  }

  /** `date`, `date +%s%N`, and `date -s @SECONDS`, which sets it. */
  #date(args: readonly string[], streams: ShellStreams): number {
    const { wake } = this.#machine
    const seconds = args[0] === '-s' ? /^@(\d+)$/.exec(args[1] ?? '')?.[1] : undefined
    if (seconds !== undefined) wake.clockOffMs = Number(seconds) * 1000 - Date.now()
    streams.out(
      args[0] === '+%s%N' ? `${BigInt(Math.round(wake.now())) * 1_000_000n}\n` : `${new Date(wake.now()).toUTCString()}\n`,
    )
    return 0
  }

  #uptime(): number {
    return (Date.now() - this.#machine.bootedAt) / 1000
  }

  #expand(text: string): string {
    return text
      .replace(/\$\(\(([^()]*)\)\)/g, (_, sum: string) =>
        String(calculate(this.#expand(sum), (name) => this.variables.get(name) ?? '0')),
      )
      .replace(/\$\?/g, () => String(this.#lastCode))
      .replace(/\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})/g, (_, name?: string, braced?: string) =>
        this.#variable(name ?? braced ?? ''),
      )
  }

  #variable(name: string): string {
    if (name === 'HOSTNAME') return this.#machine.name
    if (name === 'USER') return this.#user
    return this.variables.get(name) ?? ''
  }
}

const uuidOf = (bytes: Buffer) => bytes.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')

interface Word {
  readonly text: string
  readonly isQuoted: boolean
  /** In single quotes: nothing in it is expanded. */
  readonly isLiteral: boolean
}
interface Command {
  readonly words: readonly Word[]
  readonly isOnlyAfter: '&&' | '||' | undefined
}

/** Splits at blanks, `;`, line ends, `&&` and `||` that are in no quotes and no `$((…))`. */
function commandsOf(line: string): Command[] {
  const commands: Command[] = []
  let words: Word[] = []
  let isOnlyAfter: Command['isOnlyAfter']
  const pattern = /\s*(?:(&&|\|\||[;\n])|((?:'[^']*'|"[^"]*"|\$\(\([^()]*\)\)|[^\s;&|'"]|[&|](?![&|]))+))/gy
  const close = () => {
    if (words.length > 0) commands.push({ words, isOnlyAfter })
    words = []
  }
  for (const [, operator, text] of line.replaceAll('\n', ' ; ').matchAll(pattern)) {
    if (operator !== undefined) {
      close()
      isOnlyAfter = operator === '&&' || operator === '||' ? operator : undefined
    } else if (text !== undefined) {
      const isQuoted = /^["']/.test(text)
      words.push({ text: text.replace(/'([^']*)'|"([^"]*)"/g, '$1$2'), isQuoted, isLiteral: /^'[^']*'$/.test(text) })
    }
  }
  close()
  return commands
}

/** Sums of whole numbers with + - * / %, products first. */
function calculate(text: string, variable: (name: string) => string): number {
  const parts = [...text.matchAll(/\d+|[A-Za-z_]\w*|[-+*/%]/g)].map(([part]) => (/^[A-Za-z_]/.test(part) ? variable(part) : part))
  const terms: number[] = [Number(parts[0] ?? 0)]
  for (let at = 1; at + 1 < parts.length; at += 2) {
    const value = Number(parts[at + 1])
    const last = terms.pop() ?? 0
    if (parts[at] === '*') terms.push(last * value)
    else if (parts[at] === '/') terms.push(value === 0 ? 0 : Math.trunc(last / value))
    else if (parts[at] === '%') terms.push(value === 0 ? 0 : last % value)
    else terms.push(last, parts[at] === '-' ? -value : value)
  }
  return terms.reduce((sum, term) => sum + term, 0)
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  return promise.finally(() => clearTimeout(timer))
}

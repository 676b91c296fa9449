import { RametError } from '@ramet/model/errors/error.ts'
import { shellCommand } from '@ramet/model/units/shell-words.ts'
import type { Client } from '../client-shape.ts'
import type { MachineStream } from '../machine-stream.ts'
import { Command } from './command.ts'
import { dial, type Socket } from './dial.ts'
import type { CommandLine, ExecOptions, ExecResult, RunOptions } from './exec-options.ts'
import { Files } from './files.ts'

/** One machine of a run. Nothing of it is held open between two calls. */
export class Machine {
  readonly name: string
  readonly #client: Client
  readonly #run: string

  constructor(client: Client, run: string, name: string) {
    this.#client = client
    this.#run = run
    this.name = name
  }

  /** Runs a command to its end. A status that is not 0 is an answer, unless `check` is set. All of its output is held in memory. */
  async exec(command: CommandLine, { input, check = false, ...how }: ExecOptions = {}): Promise<ExecResult> {
    const running = this.spawn(command, how)
    const feeding = input === undefined ? running.end() : running.write(input).then(() => running.end())
    const pieces = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] }
    for await (const { channel, bytes } of running) pieces[channel].push(bytes)
    const { code, signal } = await running.exit
    // A command that ends without reading its input has succeeded all the same.
    await feeding
    const [bytes, errors] = [joined(pieces.stdout), joined(pieces.stderr)]
    const [stdout, stderr] = [new TextDecoder().decode(bytes), new TextDecoder().decode(errors)]
    if (check && code !== 0) {
      const why = stderr.trim().split('\n').at(-1)
      throw new RametError('command_failed', 409, `${lineOf(command)} exited with ${code}${why ? `: ${why}` : '.'}`)
    }
    return { exitCode: code, ...(signal === undefined ? {} : { signal }), stdout, stderr, bytes }
  }

  /** Starts a command; its output comes as it is iterated over. */
  spawn(command: CommandLine, { user, signal }: RunOptions = {}): Command {
    return new Command(this.#client.exec(this.#run, this.name, { command: lineOf(command), user }), signal)
  }

  /** Attaches to the shell of this name, which is started at its first use and outlives the connection. */
  terminal(session: string, { user, cols = 80, rows = 24 }: { user?: string; cols?: number; rows?: number } = {}): MachineStream {
    return this.#client.terminal(this.#run, this.name, session, { user, cols, rows })
  }

  /** Files, as the machine's default user or another one. */
  files({ user }: Pick<RunOptions, 'user'> = {}): Files {
    return new Files(this, user)
  }

  /** Connects to a TCP port of the machine. Throws `port_closed`. */
  connect(port: number, host = ''): Promise<Socket> {
    return dial(this.#client, this.#run, this.name, host, port)
  }

  async reboot(): Promise<void> {
    await this.#client.plays.machine(this.#run, 'machine.reboot', this.name)
  }
}

const lineOf = (command: CommandLine): string => (typeof command === 'string' ? command : shellCommand(command))

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}

import { type FileChange, type FilePart, readFileCommand, writeFileCommand } from '@ramet/model/api/guest-files.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import type { CommandLine, ExecOptions, ExecResult } from './exec-options.ts'

interface Executes {
  exec(command: CommandLine, options: ExecOptions): Promise<ExecResult>
}

/** Files of a machine, as one of its users may read and write them. A relative path begins in the user's home folder. */
export class Files {
  readonly #machine: Executes
  readonly #user: string | undefined

  constructor(machine: Executes, user: string | undefined) {
    this.#machine = machine
    this.#user = user
  }

  /** The file, or a part of it. Throws `file_refused` with what the machine said. */
  async read(path: string, part: FilePart = {}): Promise<Uint8Array> {
    return (await this.#do(path, readFileCommand(path, part))).bytes
  }

  async readText(path: string, part: FilePart = {}): Promise<string> {
    return new TextDecoder().decode(await this.read(path, part))
  }

  /** Folders on the way are made. */
  async write(path: string, content: string | Uint8Array, change: FileChange = {}): Promise<void> {
    await this.#do(path, writeFileCommand(path, change), content)
  }

  async #do(path: string, command: string, input?: ExecOptions['input']): Promise<ExecResult> {
    const result = await this.#machine.exec(command, { user: this.#user, input })
    if (result.exitCode === 0) return result
    throw new RametError('file_refused', 409, `${path}: ${result.stderr.trim().split('\n').at(-1) || 'the command failed'}`)
  }
}

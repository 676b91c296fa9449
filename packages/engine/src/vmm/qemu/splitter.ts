import { type ChildProcess, spawn } from 'node:child_process'
import type { FileHandle } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { jailCommandLine } from './jail-command-line.ts'

export interface SplitterOptions {
  /** Path of `native/split.c`, compiled. */
  readonly program: string
  /** Path of `native/jail`, compiled: it sees no file at all, since it reads data of a VM. */
  readonly jailer: string
  /** The VM's user. */
  readonly uid: number
  /** Empty folder. */
  readonly root: string
  /** Socket for QEMU, made in a folder of root. */
  readonly socket: string
  readonly ramBytes: number
  /** Offset in RAM at which the first pass is held. */
  readonly holdAt: number
  /** Open for writing. */
  readonly ramFile: FileHandle
  readonly stateFile: FileHandle
}

/** RAM block of `memory-backend-*,id=ram` of a machine type that does not use canonical paths for them (microvm, QEMU 7.2). */
const ramBlock = 'ram'

/** Its descriptor of the socket. */
const listener = 5

/** A running `native/split.c`. Its protocol is described there. */
export class Splitter {
  readonly #child: ChildProcess
  readonly #said: string[] = []
  readonly #exit = Promise.withResolvers<void>()
  #wake = Promise.withResolvers<void>()
  #complaint = ''
  #isGone = false

  private constructor(child: ChildProcess) {
    this.#child = child
    child.stdin?.on('error', () => {})
    child.stderr?.on('data', (bytes: Buffer) => {
      this.#complaint = (this.#complaint + String(bytes)).slice(-500)
    })
    child.on('error', (error) => {
      this.#complaint = error.message
      this.#gone()
    })
    child.on('close', () => this.#gone())
    if (child.stdout) createInterface(child.stdout).on('line', (line) => this.#note(line))
  }

  /** Resolves when QEMU may connect. */
  static async start(options: SplitterOptions): Promise<Splitter> {
    const { program, jailer, uid, root, socket, ramBytes, holdAt, ramFile, stateFile } = options
    const jail = { uid, root, meet: { [listener]: socket }, keep: [3, 4], system: [program] }
    const argv = [program, String(listener), ramBlock, String(ramBytes), String(holdAt)] as const
    const [first, ...rest] = jailCommandLine(jailer, jail, [...argv])
    const child = spawn(first, rest, { cwd: '/', env: {}, stdio: ['pipe', 'pipe', 'pipe', ramFile.fd, stateFile.fd] })
    const splitter = new Splitter(child)
    await splitter.until(/^listening$/)
    return splitter
  }

  /** Resolves with the first line of its output that matches, earlier lines included. Rejects when it ends without one. */
  async until(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      for (const line of this.#said) {
        const match = pattern.exec(line)
        if (match) return match
      }
      if (this.#isGone) throw new Error(this.#complaint.trim() || 'the splitter ended')
      await this.#wake.promise
    }
  }

  /** Lets it copy to the end. */
  permit(): void {
    this.#child.stdin?.write('.')
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exit.promise
  }

  #note(line: string): void {
    this.#said.push(line)
    this.#wake.resolve()
    this.#wake = Promise.withResolvers()
  }

  #gone(): void {
    this.#isGone = true
    this.#exit.resolve()
    this.#wake.resolve()
    this.#wake = Promise.withResolvers()
  }
}

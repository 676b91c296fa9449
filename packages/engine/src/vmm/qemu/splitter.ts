import { type ChildProcess, spawn } from 'node:child_process'
import { type FileHandle, open } from 'node:fs/promises'
import { createInterface } from 'node:readline'

export interface SplitterOptions {
  /** Path from `splitterProgram`. */
  readonly program: string
  /** User that it runs as, unprivileged since it reads data of a VM. */
  readonly user: { readonly uid: number; readonly gid: number }
  /** Socket for QEMU. The splitter makes it, and removes it once QEMU has connected. */
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
    const { program, user, socket, ramBytes, holdAt, ramFile, stateFile } = options
    const executable = await open(program, 'r')
    try {
      const rights = [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups', '--no-new-privs', '--pdeathsig', 'KILL']
      // Run by its open file: the cache may be in a folder that the VM's user cannot enter.
      const argv = [...rights, '--', '/proc/self/fd/5', socket, ramBlock, String(ramBytes), String(holdAt)]
      const child = spawn('setpriv', argv, {
        cwd: '/',
        env: { PATH: process.env.PATH ?? '' },
        stdio: ['pipe', 'pipe', 'pipe', ramFile.fd, stateFile.fd, executable.fd],
      })
      const splitter = new Splitter(child)
      await splitter.until(/^listening$/)
      return splitter
    } finally {
      await executable.close()
    }
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

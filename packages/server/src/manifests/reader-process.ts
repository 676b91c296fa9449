import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { frameOf, readFrames } from './frames.ts'
import type { Job, JobAnswer } from './jobs.ts'

const root = join(import.meta.dirname, '../../../..')

/**
 * Bounds of the kernel: nothing is written, few files are open, no core file; and it ends by itself after so much CPU time in all, should it be in an endless loop when
 * the server is killed. The server ends it after half of that.
 */
const cpuSeconds = 600
const prlimit = ['prlimit', '--core=0', '--fsize=0', '--nofile=64', `--cpu=${cpuSeconds}`]
/** Bounds of V8. Young objects are few, and a manifest of 100,000 tokens takes 60 MiB. */
const heap = ['--max-old-space-size=192', '--max-semi-space-size=4']
/** It reads the sources, and writes, starts and loads nothing (Node's permission model). */
const permissions = ['--permission', `--allow-fs-read=${root}`]
const argv = [...prlimit, process.execPath, '--disable-warning=ExperimentalWarning', ...heap, ...permissions]

const mostAnswerBytes = 32 * 1024 * 1024
const readyWithinMs = 30_000

/**
 * One process that reads manifests: with its own memory and no privileges, so that whatever a text does to the parser is done to nobody else. A thread would be lighter, but it shares the
 * server's user, files and address space, and V8 ends the whole process when some of its bounds are met in any thread (a table or string that would be too long).
 */
export class ReaderProcess {
  readonly #child: ChildProcess
  readonly #answers: AsyncGenerator<unknown>
  #busyMs = 0
  #isOver = false

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#answers = readFrames(child.stdout as Readable, mostAnswerBytes)
    child.on('error', () => this.end())
    child.on('exit', () => this.end())
    child.stdin?.on('error', () => this.end())
  }

  /** Resolves when it is ready for a job. */
  static async start(): Promise<ReaderProcess> {
    const [program = '', ...rest] = argv
    const child = spawn(program, [...rest, join(import.meta.dirname, '../../bin/manifest-reader.mjs')], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: {},
      cwd: '/',
    })
    const reader = new ReaderProcess(child)
    await reader.#next(readyWithinMs)
    reader.idle(true)
    return reader
  }

  /** Does a job. Rejects, and has ended, when that took longer than `withinMs` or the process ended. */
  async do(job: Job, withinMs: number): Promise<JobAnswer> {
    const began = performance.now()
    this.idle(false)
    this.#child.stdin?.write(frameOf(job))
    const answer = await this.#next(withinMs)
    this.#busyMs += performance.now() - began
    this.idle(true)
    return answer as JobAnswer
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** It has ended, or is to be replaced by a new one. */
  get isSpent(): boolean {
    return this.#isOver || this.#busyMs > (cpuSeconds / 2) * 1000
  }

  end(): void {
    this.#isOver = true
    this.#child.kill('SIGKILL')
  }

  /** An idle one does not keep the server alive. */
  idle(isIdle: boolean): void {
    for (const handle of [this.#child, this.#child.stdin as Writable, this.#child.stdout as Readable]) {
      const one = handle as unknown as { ref?(): void; unref?(): void }
      if (isIdle) one.unref?.()
      else one.ref?.()
    }
  }

  async #next(withinMs: number): Promise<unknown> {
    const late = setTimeout(() => this.end(), withinMs)
    try {
      const { value, done } = await this.#answers.next()
      if (done || this.#isOver) throw new Error('the reader of manifests ended')
      return value
    } catch (error) {
      this.end()
      throw error
    } finally {
      clearTimeout(late)
    }
  }
}

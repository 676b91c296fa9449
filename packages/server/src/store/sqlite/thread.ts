import { getCompileCacheDir } from 'node:module'
import { Worker } from 'node:worker_threads'
import type { SqliteFile, SqliteRunner, Statement, StatementResult } from './runner.ts'

export interface ThreadData {
  readonly file: SqliteFile
  /** Where compiled modules are kept. */
  readonly compileCache: string | undefined
}

/** Messages are lists: to wake a thread costs more than most statements (measured: a third of what a start took). */
export type Request =
  | { readonly id: number; readonly kind: 'open' | 'close' }
  | { readonly id: number; readonly kind: 'run'; readonly statement: Statement }
export type Answer = { readonly id: number } & (
  | { readonly result: StatementResult | undefined; readonly error?: undefined }
  | { readonly error: { message: string; code?: string | undefined; errcode?: number | undefined; errstr?: string | undefined } }
)

/** A thread that is still writing to a disk that does not answer is left to the end of the process after this. */
const closeWithinMs = 10_000

/** Rows live until they are sent. Node's default lets each thread's garbage grow to many times as much before it looks. */
const maxYoungGenerationSizeMb = 8

interface Waiting {
  resolve(result: StatementResult | undefined): void
  reject(error: Error): void
}

/**
 * A connection to a SQLite file on a thread of its own, so that an fsync that takes seconds stops nothing else. Errors have the `code` and `errcode` of
 * node:sqlite. The thread keeps the process alive only while it is asked something.
 */
export class SqliteThread implements SqliteRunner {
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  /** Asked in this turn of the event loop. */
  #outbox: Request[] = []
  #lastId = 0
  #ended: Error | undefined

  private constructor(file: SqliteFile) {
    this.#worker = new Worker(new URL('./thread-entry.mjs', import.meta.url), {
      workerData: { file, compileCache: getCompileCacheDir() } satisfies ThreadData,
      resourceLimits: { maxYoungGenerationSizeMb },
    })
    this.#worker.unref()
    this.#worker.on('message', (answers: readonly Answer[]) => {
      for (const answer of answers) this.#settle(answer)
    })
    this.#worker.on('error', (error) => this.#end(error))
    this.#worker.on('exit', () => this.#end(new Error('The thread of the store has ended.')))
  }

  /** Rejects with the error of node:sqlite when the file cannot be opened. */
  static async open(file: SqliteFile): Promise<SqliteThread> {
    const thread = new SqliteThread(file)
    try {
      await thread.#ask({ kind: 'open' })
      return thread
    } catch (error) {
      await thread.#worker.terminate()
      throw error
    }
  }

  async run(statement: Statement): Promise<StatementResult> {
    const result = await this.#ask({ kind: 'run', statement })
    if (!result) throw new Error('The thread of the store answered nothing.')
    return result
  }

  /** After what was asked before it. */
  async close(): Promise<void> {
    if (this.#ended) return
    const timer = setTimeout(() => void this.#worker.terminate(), closeWithinMs)
    try {
      await this.#ask({ kind: 'close' })
    } finally {
      clearTimeout(timer)
      await this.#worker.terminate()
    }
  }

  #ask(request: { kind: 'open' | 'close' } | { kind: 'run'; statement: Statement }): Promise<StatementResult | undefined> {
    if (this.#ended) return Promise.reject(this.#ended)
    this.#lastId += 1
    const id = this.#lastId
    if (this.#waiting.size === 0) this.#worker.ref()
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      if (this.#outbox.length === 0) setImmediate(() => this.#send())
      this.#outbox.push({ ...request, id })
    })
  }

  #send(): void {
    const requests = this.#outbox
    this.#outbox = []
    this.#worker.postMessage(requests)
  }

  #settle(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if (this.#waiting.size === 0) this.#worker.unref()
    if (answer.error) waiting?.reject(Object.assign(new Error(answer.error.message), answer.error))
    else waiting?.resolve(answer.result)
  }

  #end(error: Error): void {
    this.#ended ??= error
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}

import { defaultLimits, type Limits, limitReached } from '@ramet/model/access/limits.ts'
import type { CreatePlayground } from '@ramet/model/api/wire.ts'
import { InvalidInput, type Problem } from '@ramet/model/errors/error.ts'
import { manifestTooComplex } from '@ramet/model/errors/errors.ts'
import type { CheckOptions } from '@ramet/model/manifest/check-spec.ts'
import type { PlaygroundBody } from '@ramet/model/manifest/parse-manifest.ts'
import { OpenCounts } from '../access/open-counts.ts'
import type { User } from '../services.ts'
import type { Job, JobAnswer } from './jobs.ts'
import type { CatalogText, ReadPlayground } from './read-playground.ts'
import { ReaderProcess } from './reader-process.ts'

/** Reads what strangers say about playgrounds. Each throws `too_many_manifest_checks` and `manifest_too_complex`. */
export interface ManifestReader {
  /** All errors and warnings of a manifest; none when it is good. */
  problems(user: User, text: string, fileName: string, options: CheckOptions): Promise<readonly Problem[]>
  /** Throws InvalidInput with every fault. */
  body(user: User, body: CreatePlayground, options: CheckOptions): Promise<PlaygroundBody>
  /** Texts of a folder of a catalogue. Throws InvalidInput with every fault. */
  playground(text: CatalogText, options: CheckOptions): Promise<ReadPlayground>
}

/** For whom a catalogue's folders are read: nobody's share of checks is used up by them. */
const catalogue: User = { id: 'catalogue', name: 'catalogue' }

/** A process that reads: `ReaderProcess`, or another in tests. */
export type Reading = Pick<ReaderProcess, 'do' | 'end' | 'isSpent'>

export interface ReaderOptions {
  readonly limits?: Limits
  /** How long one manifest may take. The largest and fullest take a second. */
  readonly withinMs?: number
  /** Manifests of all users that may wait; further ones are refused. */
  readonly mostWaiting?: number
  /** How long the process stays after its last job. */
  readonly idleMs?: number
  readonly start?: () => Promise<Reading>
}

/** Gives manifests to one process, one at a time, and replaces it when a manifest has cost its life. It is started when it is first needed and stays a while. */
export class BoundedReader implements ManifestReader, Disposable {
  readonly #limits: Limits
  readonly #withinMs: number
  readonly #mostWaiting: number
  readonly #idleMs: number
  readonly #start: () => Promise<Reading>
  readonly #counts: OpenCounts
  #process: Reading | undefined
  #turn: Promise<unknown> = Promise.resolve()
  #waiting = 0
  #idle: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: ReaderOptions = {}) {
    const { limits = defaultLimits, withinMs = 5000, mostWaiting = 32, idleMs = 10 * 60_000 } = options
    this.#limits = limits
    this.#withinMs = withinMs
    this.#mostWaiting = mostWaiting
    this.#idleMs = idleMs
    this.#start = options.start ?? (() => ReaderProcess.start())
    this.#counts = new OpenCounts(limits)
  }

  async problems(user: User, text: string, fileName: string, options: CheckOptions): Promise<readonly Problem[]> {
    const answer = await this.#ask(user, { kind: 'check', text, fileName, options })
    if ('problems' in answer) return answer.problems
    throw new Error('the reader of manifests answered something else')
  }

  async body(user: User, body: CreatePlayground, options: CheckOptions): Promise<PlaygroundBody> {
    const answer = await this.#ask(user, { kind: 'body', body, options })
    if ('refused' in answer) throw new InvalidInput(answer.status, answer.refused)
    if ('body' in answer) return answer.body
    throw new Error('the reader of manifests answered something else')
  }

  async playground(text: CatalogText, options: CheckOptions): Promise<ReadPlayground> {
    const answer = await this.#ask(catalogue, { kind: 'catalog', text, options })
    if ('refused' in answer) throw new InvalidInput(answer.status, answer.refused)
    if ('playground' in answer) return answer.playground
    throw new Error('the reader of manifests answered something else')
  }

  [Symbol.dispose](): void {
    this.#isClosed = true
    clearTimeout(this.#idle)
    this.#process?.end()
  }

  async #ask(user: User, job: Job): Promise<JobAnswer> {
    using _ = this.#counts.take(user, 'manifest-checks')
    if (this.#waiting >= this.#mostWaiting) throw limitReached('manifest-checks', this.#limits)
    this.#waiting += 1
    const answer = this.#turn.then(() => this.#read(job))
    this.#turn = answer.catch(() => {})
    try {
      return await answer
    } finally {
      this.#waiting -= 1
    }
  }

  async #read(job: Job): Promise<JobAnswer> {
    if (this.#isClosed) throw new Error('the server ends')
    clearTimeout(this.#idle)
    if (this.#process?.isSpent) {
      this.#process.end()
      this.#process = undefined
    }
    this.#process ??= await this.#start()
    const reading = this.#process
    try {
      return await reading.do(job, this.#withinMs)
    } catch {
      // It ended: by our hand after the time, or for lack of memory.
      throw manifestTooComplex(this.#withinMs / 1000)
    } finally {
      this.#idle = setTimeout(() => {
        reading.end()
        this.#process = undefined
      }, this.#idleMs).unref()
      if (this.#isClosed) reading.end()
    }
  }
}

import { layerChain } from '../store/layers.ts'
import type { LayerTools } from './layer-tools.ts'
import { defaultBound } from './plan-merge.ts'
import { shortenOnce } from './shorten.ts'

export interface ShortenerOptions {
  readonly bound?: number
  /** Between being woken and beginning: somebody who clones a run often starts it at once. */
  readonly delayMs?: number
  onError(error: unknown): void
}

/**
 * Shortens chains in the background, one merge at a time, while their runs are off. A start never waits for a merge: one that is under way on the run's own layers is
 * ended (`yieldTo`), the others go on.
 */
export class Shortener {
  readonly #tools: LayerTools
  readonly #options: ShortenerOptions
  #timer: NodeJS.Timeout | undefined
  #job: { readonly abort: AbortController; layerIds: readonly string[]; readonly done: Promise<void> } | undefined
  #isAgain = false
  #isClosed = false

  constructor(tools: LayerTools, options: ShortenerOptions) {
    this.#tools = tools
    this.#options = options
  }

  wake(): void {
    if (this.#isClosed) return
    if (this.#job) this.#isAgain = true
    else this.#timer ??= setTimeout(() => this.#begin(), this.#options.delayMs ?? 3_000)
  }

  /** Resolves when nothing is under way that the start of this run would make useless. */
  async yieldTo(runId: string): Promise<void> {
    const job = this.#job
    if (!job) return
    const drives = await this.#tools.db.selectFrom('drives').select('layer_id').where('run_id', '=', runId).execute()
    const chains = await Promise.all(
      drives.map(({ layer_id }) => (layer_id === null ? [] : layerChain(this.#tools.db, layer_id))),
    )
    if (!chains.flat().some(({ id }) => job.layerIds.includes(id))) return
    this.#isAgain = true
    job.abort.abort(new Yielded())
    await job.done
  }

  /** Ends what is under way. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#job?.abort.abort(new Yielded())
    await this.#job?.done
  }

  #begin(): void {
    this.#timer = undefined
    const abort = new AbortController()
    const job = { abort, layerIds: [] as readonly string[], done: Promise.resolve() }
    this.#job = job
    job.done = this.#shorten(abort.signal, (layerIds) => {
      job.layerIds = layerIds
    })
  }

  async #shorten(signal: AbortSignal, onPlan: (layerIds: readonly string[]) => void): Promise<void> {
    const { bound = defaultBound, onError } = this.#options
    try {
      while (!signal.aborted && (await shortenOnce(this.#tools, { bound, signal, onPlan })) === 'shorter');
    } catch (error) {
      // A full disk, say. Woken by whatever changes the chains next; nothing depends on it.
      if (!signal.aborted) onError(error)
    }
    this.#job = undefined
    if (this.#isAgain) {
      this.#isAgain = false
      this.wake()
    }
  }
}

class Yielded extends Error {}

import type { Activity } from '../../background/activity.ts'
import { BackgroundWork, type Job } from '../../background/background-work.ts'
import { listDrives } from '../../store/drives.ts'
import { layerChain } from '../../store/layers.ts'
import type { LayerTools } from './layer-tools.ts'
import { defaultBound } from './plan-merge.ts'
import { shortenOnce } from './shorten.ts'

export interface ShortenerOptions {
  readonly activity: Activity
  readonly bound?: number
  /** Delay from a trigger to the beginning: a person who clones a run often starts it at once. */
  readonly delayMs?: number
  onError(error: unknown): void
}

/**
 * Shortens chains in the background, one merge at a time, while their runs are off. A start never waits for a merge: a merge of the run's own layers is
 * cancelled (`yieldTo`), others go on.
 */
export class Shortener {
  readonly #tools: LayerTools
  readonly #work: BackgroundWork
  /** Layers that are being merged; empty when no merge is under way. */
  #layerIds: readonly string[] = []

  constructor(tools: LayerTools, { activity, bound = defaultBound, delayMs = 3_000, onError }: ShortenerOptions) {
    this.#tools = tools
    // A full disk, say. Nothing depends on the merge; the next change of a chain triggers it again.
    this.#work = new BackgroundWork({ activity, delayMs, onError, work: (job) => this.#shorten(bound, job) })
  }

  trigger(): void {
    this.#work.trigger()
  }

  /** Cancels a merge of the layers of this run, which is about to start; resolves when it has ended. */
  async yieldTo(runId: string): Promise<void> {
    if (this.#layerIds.length === 0) return
    const drives = await listDrives(this.#tools.db, runId)
    const chains = await Promise.all(
      drives.map(({ layer_id }) => (layer_id === null ? [] : layerChain(this.#tools.db, layer_id))),
    )
    if (!chains.flat().some(({ id }) => this.#layerIds.includes(id))) return
    await this.#work.end()
    this.#work.trigger()
  }

  /** Cancels the merge under way. */
  close(): Promise<void> {
    return this.#work.close()
  }

  async #shorten(bound: number, { signal, go }: Job): Promise<undefined> {
    const onPlan = (layerIds: readonly string[]) => {
      this.#layerIds = layerIds
    }
    try {
      do await go()
      while (!signal.aborted && (await shortenOnce(this.#tools, { bound, signal, onPlan })) === 'shorter')
    } finally {
      this.#layerIds = []
    }
  }
}

import type { Host } from '@ramet/engine'
import type { Activity } from './activity.ts'

/** Runs that are on their way while nobody waits for them. While a person's action is under way they stand still, and so do the host's programs in the background. */
export class BackgroundRuns {
  readonly #activity: Activity
  readonly #host: Pick<Host, 'standStill' | 'goOn'>
  readonly #runs = new Set<string>()
  #isStill = false
  #timesStill = 0

  constructor(activity: Activity, host: Pick<Host, 'standStill' | 'goOn'>) {
    this.#activity = activity
    this.#host = host
    activity.onChange(() => this.#look())
  }

  /** How often all of them had to stand still so far: what takes too long meanwhile is nobody's fault. */
  get timesStill(): number {
    return this.#timesStill
  }

  add(runId: string): void {
    this.#runs.add(runId)
    this.#look()
  }

  /** It has come to where it was to be, somebody waits for it now, or it is to go: it does not stand still any more. */
  delete(runId: string): void {
    if (this.#runs.delete(runId)) this.#look()
  }

  #look(): void {
    const was = this.#isStill
    this.#isStill = this.#activity.isUnderWay
    if (this.#isStill && !was) this.#timesStill += 1
    if (this.#isStill) this.#host.standStill([...this.#runs])
    else if (was) this.#host.goOn()
  }
}

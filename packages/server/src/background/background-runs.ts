import type { Host } from '@ramet/engine'
import type { Activity } from './activity.ts'

/** Background runs that are starting or stopping. While a person's action is under way, they and the host's background programs are paused. */
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

  /** How often all of them were paused so far. A timeout during a pause is no fault of the run. */
  get timesStill(): number {
    return this.#timesStill
  }

  add(runId: string): void {
    this.#runs.add(runId)
    this.#look()
  }

  /** Removes a run that is done, that now belongs to somebody, or that is being destroyed. It is no longer paused. */
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

import { setTimeout as delay } from 'node:timers/promises'

export type Act<T> = (on: T, round: number) => Promise<unknown>

/** Hears how many rounds were held so far. */
export type Tell = (held: number) => void

/** How often each act succeeded: one that never did would test nothing. */
export interface Report {
  readonly succeeded: Record<string, number>
  readonly failed: Record<string, number>
  /** How long each took in all, in milliseconds. */
  readonly tookMs: Record<string, number>
  /** Why each failed last. */
  readonly why: Record<string, string>
}

/** Nothing that the server does with a run may wait for what a VM has put there. */
const actWithinMs = 60_000

/** An act may fail, as the files are not what the server left there; it may not hang, nor show what it must not (`mustBeClean`). */
export async function once({ succeeded, failed, tookMs, why }: Report, name: string, act: () => Promise<unknown>): Promise<void> {
  const timer = new AbortController()
  const tooLong = delay(actWithinMs, undefined, { signal: timer.signal }).then(
    () => {
      throw new Error(`${name} hangs`)
    },
    () => {},
  )
  const begun = performance.now()
  try {
    await Promise.race([act(), tooLong])
    succeeded[name] = (succeeded[name] ?? 0) + 1
  } catch (error) {
    if (/hangs|shows a file/.test((error as Error).message)) throw error
    failed[name] = (failed[name] ?? 0) + 1
    why[name] = (error as Error).message
  } finally {
    tookMs[name] = Math.round((tookMs[name] ?? 0) + performance.now() - begun)
    timer.abort()
  }
}

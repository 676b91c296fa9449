import type { Play } from '../api/wire.ts'
import { sleep } from '../units/sleep.ts'

/** Where a run is looked at. */
export interface PlaySource {
  /** The run as it is; undefined when that cannot be told for the moment. */
  look(signal: AbortSignal): Promise<Play | undefined>
  /** Calls `changed` with the run at each change of it, or without it: then it is looked at. Returns what ends this. */
  listen(changed: (play?: Play) => void, signal: AbortSignal): () => void
}

/**
 * Resolves with the run as soon as `until` holds for it. Events tell of changes at once; a look every `everyMs` finds what they lost. Throws what `look` and `until` throw, and the signal's
 * reason.
 */
export async function watchPlay(
  { look, listen }: PlaySource,
  until: (play: Play) => boolean,
  { signal, everyMs }: { readonly signal?: AbortSignal | undefined; readonly everyMs: number },
): Promise<Play> {
  const over = new AbortController()
  const either = signal ? AbortSignal.any([signal, over.signal]) : over.signal
  const { promise: reached, resolve, reject } = Promise.withResolvers<Play>()
  const seen = (play: Play) => {
    if (either.aborted) return
    try {
      if (until(play)) resolve(play)
    } catch (error) {
      reject(error)
    }
  }
  let wake = () => {}
  const poll = async (): Promise<never> => {
    while (true) {
      const woken = Promise.withResolvers<void>()
      wake = woken.resolve
      const play = await look(either)
      if (play) seen(play)
      const rest = new AbortController()
      await Promise.race([woken.promise, sleep(everyMs, AbortSignal.any([either, rest.signal]))]).finally(() => rest.abort())
    }
  }
  const stop = listen((play) => (play ? seen(play) : wake()), either)
  const polled = poll()
  polled.catch(() => {})
  try {
    return await Promise.race([reached, polled])
  } finally {
    over.abort()
    stop()
  }
}

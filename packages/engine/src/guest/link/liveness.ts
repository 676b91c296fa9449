import { setTimeout as delay } from 'node:timers/promises'
import type { ChannelConnection } from './channel-connection.ts'

/**
 * A guest from which nothing came for `everyMs` is asked, and has `answerMs` each time. After `missed` questions it counts as silent; after `giveUpMs` of silence
 * the connection is begun anew, which reaches also an agent that lost its place in the stream.
 */
export interface Pace {
  readonly everyMs: number
  readonly answerMs: number
  readonly missed: number
  readonly giveUpMs: number
}
export const usualPace: Pace = { everyMs: 10_000, answerMs: 5_000, missed: 2, giveUpMs: 60_000 }

export interface LivenessOptions {
  readonly pace: Pace
  /** True while the VM cannot answer because it was made to stand still: its silence says nothing then. */
  standsStill(): Promise<boolean>
  /** Called when the guest has become silent, and when it answers again. `why`: a sentence that begins with `it`. */
  changed(why: string | undefined): void
  /** Ends it. */
  readonly signal: AbortSignal
}

/** Asks the guest at intervals whether it is there, until the signal fires. Traffic is an answer too. Never rejects. */
export async function watchLiveness(
  connection: ChannelConnection,
  { pace, standsStill, changed, signal }: LivenessOptions,
): Promise<void> {
  let missed = 0
  let stoodStill = false
  const isSilent = () => missed >= pace.missed
  const stop = connection.onHeard(() => {
    const wasSilent = isSilent()
    missed = 0
    if (wasSilent && !signal.aborted) changed(undefined)
  })
  try {
    for (;;) {
      if (missed === 0) await delay(pace.everyMs, undefined, { signal })
      if (missed === 0 && connection.silentForMs < pace.everyMs) continue
      stoodStill = stoodStill && (await standsStill())
      if (stoodStill) {
        await delay(pace.answerMs, undefined, { signal })
        continue
      }
      connection.ping()
      const asked = performance.now()
      await delay(pace.answerMs, undefined, { signal })
      // Timers run before what came is read, on a server that was busy for as long.
      await delay(0, undefined, { signal })
      if (connection.silentForMs < performance.now() - asked) missed = 0
      else {
        stoodStill = await standsStill()
        if (!stoodStill) missed += 1
        else if (!isSilent()) missed = 0
      }
      if (missed === pace.missed && !stoodStill)
        changed(`it has not answered for ${Math.round(connection.silentForMs / 1000)} s.`)
      if (isSilent() && connection.silentForMs > pace.giveUpMs) connection.close('it does not answer')
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    stop()
  }
}

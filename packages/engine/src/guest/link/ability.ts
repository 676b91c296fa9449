import { setTimeout as delay } from 'node:timers/promises'
import type { ChannelConnection } from './channel-connection.ts'
import { toolRequest } from './requests.ts'

/**
 * An agent that answers does not yet mean that people can do anything: it needs no new process for that, and they do. So a guest is asked, less often, to start a program
 * that does nothing. After `missed` failures in a row it counts as unable; then it is asked more often.
 */
export interface AbilityPace {
  readonly everyMs: number
  readonly againMs: number
  readonly answerMs: number
  readonly missed: number
}
export const usualAbility: AbilityPace = { everyMs: 30_000, againMs: 5_000, answerMs: 15_000, missed: 2 }

export interface AbilityOptions {
  readonly pace: AbilityPace
  /** See `whyNoCommand`. */
  whyNoCommand(timeoutMs: number): Promise<string | undefined>
  /** True while nothing can be learned: the VM stands still, or the guest does not answer at all. */
  isUnknown(): Promise<boolean>
  /** Called when the guest has become unable to start commands, and when it is able again. `why`: a sentence that begins with `it`. */
  changed(why: string | undefined): void
  /** Ends it. */
  readonly signal: AbortSignal
}

/** Asks at intervals until the signal fires. Never rejects. */
export async function watchAbility({ pace, whyNoCommand, isUnknown, changed, signal }: AbilityOptions): Promise<void> {
  let missed = 0
  const isUnable = () => missed >= pace.missed
  try {
    for (;;) {
      await delay(missed === 0 ? pace.everyMs : pace.againMs, undefined, { signal })
      if (await isUnknown()) continue
      const why = await whyNoCommand(pace.answerMs)
      if (signal.aborted) return
      // What made it stand still may have come meanwhile.
      if (why !== undefined && (await isUnknown())) continue
      const wasUnable = isUnable()
      missed = why === undefined ? 0 : missed + 1
      if (isUnable() && !wasUnable) changed(`it can start no command: ${why}.`)
      if (wasUnable && !isUnable()) changed(undefined)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

/** Starts the program and waits for its end. Returns why that cannot be done, in the guest's words; undefined when it can. Never rejects. */
export async function whyNoCommand(connection: Pick<ChannelConnection, 'open'>, timeoutMs: number): Promise<string | undefined> {
  const tooLate = Promise.withResolvers<string>()
  const timer = setTimeout(() => tooLate.resolve(`one that does nothing took more than ${timeoutMs / 1000} s`), timeoutMs)
  const opening = connection.open(toolRequest(['busybox', 'true']))
  const ended = opening.then(async (channel) => {
    channel.stdin.end()
    channel.stdout.resume()
    channel.stderr.resume()
    const { code } = await channel.exit
    return code === 0 ? undefined : `one that does nothing ended with ${code}`
  })
  ended.catch(() => {})
  try {
    return await Promise.race([ended, tooLate.promise])
  } catch (error) {
    return (error as Error).message
  } finally {
    clearTimeout(timer)
    void opening.then((channel) => channel.close()).catch(() => {})
  }
}

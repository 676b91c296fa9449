import type { Play } from '@ramet/model/api/wire.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { type PlaySource, watchPlay } from '@ramet/model/run/watch-play.ts'
import type { Client } from './client-shape.ts'

export interface WaitOptions {
  /** Called with every version of the play that is seen, the last one included. */
  readonly onPlay?: (play: Play) => void
  /** Ends the wait with its reason; the run itself goes on. */
  readonly signal?: AbortSignal
  readonly pollMs?: number
  /** How long the server may be away (it may be restarted: runs go on without it) before that becomes an error. */
  readonly patienceMs?: number
}

/**
 * Resolves with the play as soon as `until` holds for it. Events report changes at once; a slow poll covers lost events.
 * Throws what the server says of the play (`not_found`), and `server_unreachable` after `patienceMs`.
 */
export async function waitForPlay(
  client: Pick<Client, 'events' | 'plays'>,
  id: string,
  until: (play: Play) => boolean,
  { onPlay, signal, pollMs = 2000, patienceMs = 60_000 }: WaitOptions = {},
): Promise<Play> {
  let lastAnswer = Date.now()
  const source: PlaySource = {
    async look(either) {
      try {
        const play = await client.plays.get(id, either)
        lastAnswer = Date.now()
        return play
      } catch (error) {
        const mayPass = error instanceof RametError && error.status >= 500 && Date.now() - lastAnswer < patienceMs
        if (!mayPass) throw error
        return undefined
      }
    },
    listen(changed, either) {
      const watch = async () => {
        for await (const event of client.events({ signal: either })) {
          if (event.kind === 'play' && event.play.id === id) changed(event.play)
        }
      }
      // Without events the looks alone go on.
      watch().catch(() => {})
      return () => {}
    },
  }
  const isReached = (play: Play) => {
    onPlay?.(play)
    return until(play)
  }
  return watchPlay(source, isReached, { signal, everyMs: pollMs })
}

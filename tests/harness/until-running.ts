import type { Client } from '@ramet/client/client-shape.ts'
import { type WaitOptions, waitForPlay } from '@ramet/client/wait-for-play.ts'

/** Resolves when the run is RUNNING. Throws what made it fail. */
export const untilRunning = (client: Client, id: string, options: WaitOptions) =>
  waitForPlay(
    client,
    id,
    ({ state, failure }) => {
      if (failure) throw new Error(failure.message)
      return state === 'RUNNING'
    },
    options,
  )

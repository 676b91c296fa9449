import { setTimeout } from 'node:timers/promises'
import { RametError } from '@ramet/model/errors/error.ts'
import { lostRace } from './errors.ts'

const mostTries = 40
const longestPauseMs = 250

/** Runs a transaction again after a random pause while it conflicts with others. RametError `store_busy` when that does not end. */
export async function retried<T>(transact: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await transact()
    } catch (error) {
      if (!lostRace(error, tries)) throw error
      if (tries === mostTries) throw storeBusy(error)
      await setTimeout(Math.random() * Math.min(2 ** tries, longestPauseMs))
    }
  }
}

const storeBusy = (cause: unknown) =>
  new RametError('store_busy', 503, 'Others changed the same things all the time.', { cause, hint: 'Try again in a moment.' })

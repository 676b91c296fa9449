import { longestCommand } from '@ramet/model/api/stream.ts'
import { lineSchema, wordSchema } from '@ramet/model/units/plain-text.ts'
import { z } from 'zod'

/** A client gives up after a minute unless it is told otherwise, so nothing takes longer by itself. */
const usualSeconds = 50
const longestSeconds = 3600

const lookedUp = lineSchema(1, 200)

export const playId = lookedUp.describe('id of the run, from start_play or list_plays')
export const playgroundName = lookedUp.describe('name of the playground, from list_playgrounds')
export const machineName = lookedUp.optional().describe('name of the machine; default: the first one of the run')
export const accountName = wordSchema(32).optional().describe("user in the machine; default: the machine's default user")
export const guestPath = lineSchema(1, 4096).describe('path in the machine; a relative one begins in the home folder of the user')
export const commandText = z
  .string()
  .min(1)
  .max(longestCommand)
  .describe('given to the login shell of the user; pipes, redirections and several lines are fine')

/** How long a call may take. */
export const seconds = (what: string) =>
  z
    .number()
    .min(0)
    .max(longestSeconds)
    .default(usualSeconds)
    .describe(`${what}, in seconds, at most ${longestSeconds}. Many clients give up after 60.`)

import { z } from 'zod'
import { runStates } from '../run/run-state.ts'

/**
 * What an admin sees of a run, whoever's it is: that it is there, whose, in which state, and what it takes of the host. Neither its title nor what it was made from, unless that is everybody's: people write
 * there what they do. So nothing of what is in it is shown by being listed.
 */
export const seenRunSchema = z.object({
  id: z.string(),
  owner: z.string(),
  /** Of an official playground; absent: somebody's own. */
  playground: z.string().optional(),
  state: z.enum(runStates),
  createdAt: z.string(),
  lastStateAt: z.string(),
  machines: z.number().int(),
  cpus: z.number().int(),
  memoryBytes: z.number().int(),
})
export type SeenRun = z.infer<typeof seenRunSchema>

import type { Client } from '@ramet/client/client-shape.ts'
import type { Play } from '@ramet/model/api/wire.ts'
import { pickRun } from '@ramet/model/run/pick-run.ts'
import { runIdSchema } from '@ramet/model/units/names.ts'

/** Said of the argument in every verb that takes a run. */
export const runArgument = 'the run: its id, or the beginning of its id or title if no other begins so'

/** Finds the run that the user names. Throws `not_found` or `ambiguous_name`, both with the candidates. */
export async function resolveRun(client: Pick<Client, 'plays'>, name: string): Promise<Play> {
  if (runIdSchema.safeParse(name).success) return await client.plays.get(name)
  return pickRun(await client.plays.list(), name)
}

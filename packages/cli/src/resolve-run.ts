import type { Client } from '@ramet/client/client.ts'
import type { Play } from '@ramet/model/api/wire.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { notFound } from '@ramet/model/errors/errors.ts'
import { runIdSchema } from '@ramet/model/units/names.ts'

/** Said of the argument in every verb that takes a run. */
export const runArgument = 'the run: its id, or the beginning of its id or title if no other begins so'

/** Finds the run that the user names. Throws `not_found` or `ambiguous_name`, both with the candidates. */
export async function resolveRun(client: Pick<Client, 'plays'>, name: string): Promise<Play> {
  if (runIdSchema.safeParse(name).success) return await client.plays.get(name)
  return pickRun(await client.plays.list(), name)
}

export function pickRun(all: readonly Play[], name: string): Play {
  const plays = all.filter(({ state }) => state !== 'DESTROYED')
  const exact = plays.filter(({ title }) => title === name)
  const matching =
    exact.length === 1 ? exact : plays.filter(({ id, title }) => name !== '' && (id.startsWith(name) || title.startsWith(name)))
  const [first, ...others] = matching
  if (first === undefined)
    throw notFound(
      'run',
      name,
      plays.length === 0 ? 'Start one with: ramet playground start debian' : `There is: ${listOf(plays)}`,
    )
  if (others.length > 0)
    throw new RametError('ambiguous_name', 409, `${matching.length} runs begin with ${name}.`, {
      hint: `Say which: ${listOf(matching)}`,
    })
  return first
}

const most = 5
const listOf = (plays: readonly Play[]) =>
  plays
    .slice(0, most)
    .map(({ id, title }) => `${id} “${title}”`)
    .join(', ') + (plays.length > most ? ', …' : '')

import type { Play } from '../api/wire.ts'
import { RametError } from '../errors/error.ts'
import { notFound } from '../errors/errors.ts'

/** Finds the run that a person names: its title, or the beginning of its id or title. Throws `not_found` or `ambiguous_name`, both with the candidates. */
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

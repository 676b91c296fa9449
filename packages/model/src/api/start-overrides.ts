import { InvalidInput } from '../errors/error.ts'
import type { CreatePlay } from './wire.ts'

const overrides = ['tabs', 'networks', 'machines', 'initTasks'] as const satisfies (keyof CreatePlay)[]

/** labctl sends what was not given as null or as an empty list or map. */
const isGiven = (value: unknown) =>
  typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : value !== undefined && value !== null

/** Parts of a playground that a start may give anew (labctl's `start -f`). Throws InvalidInput (501) with each that is given: none is acted on yet. */
export function refuseOverrides(body: CreatePlay): void {
  const problems = overrides
    .filter((field) => isGiven(body[field]))
    .map((field) => ({
      code: 'not_supported_yet',
      message: `Starting with ${field} other than the playground's is not supported yet.`,
      hint: 'Make a playground of your own with `ramet playground create` and start that.',
      where: field,
    }))
  if (problems.length > 0) throw new InvalidInput(501, problems)
}

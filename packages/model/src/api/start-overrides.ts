import type { CreatePlay } from './wire.ts'

const parts = ['tabs', 'networks', 'machines', 'initTasks'] as const satisfies (keyof CreatePlay)[]

/** Parts of a playground that a start gives anew (labctl's `start -f`), as they came. */
export type Overrides = Partial<Pick<CreatePlay, (typeof parts)[number]>>

/** labctl sends what was not given as null or as an empty list or map. */
const isGiven = (value: unknown) =>
  typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : value !== undefined && value !== null

/** The parts that a request gives; undefined when it gives none. */
export function overridesOf(body: CreatePlay): Overrides | undefined {
  const given = parts.filter((part) => isGiven(body[part])).map((part) => [part, body[part]])
  return given.length === 0 ? undefined : Object.fromEntries(given)
}

/** What they change, as phrases for people. */
export const describeOverrides = (overrides: Overrides): string[] => Object.keys(overrides).map((part) => `${part} of its own`)

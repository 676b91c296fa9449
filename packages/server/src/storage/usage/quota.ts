import type { Usage } from '@ramet/model/api/usage.ts'
import type { RametError } from '@ramet/model/errors/error.ts'
import { quotaExceeded } from '@ramet/model/errors/errors.ts'
import { isOff } from '@ramet/model/run/run-state.ts'
import { formatBytes } from '@ramet/model/units/bytes.ts'
import type { Holdings } from './holdings.ts'
import { shares } from './shares.ts'

/**
 * Bytes that rest: those that the given owners (`run <id>`, `playground <id>`) hold, each once however many of them share it, without what images and warm starts hold
 * too, which are nobody's. And the bytes that images hold.
 */
export function restingBytes(
  { items, holds }: Holdings,
  owners: readonly string[],
): { restingBytes: number; imageBytes: number } {
  const rootsOf = (names: readonly string[]) => names.flatMap((name) => holds.get(name) ?? [])
  const images = rootsOf([...holds.keys()].filter((name) => name.startsWith('image ')))
  const warm = rootsOf([...holds.keys()].filter((name) => name.startsWith('warm ')))
  const resting = shares(
    items,
    new Map([
      ['resting', rootsOf(owners)],
      ['nobody', [...images, ...warm]],
    ]),
  ).byOwner.get('resting')
  return {
    restingBytes: resting?.exclusiveBytes ?? 0,
    imageBytes: shares(items, new Map([['images', images]])).exclusiveBytes,
  }
}

export const isExceeded = ({ usedBytes, limitBytes }: Usage['quota']): boolean => usedBytes >= limitBytes

/** `quota_exceeded`: stopped runs and saved playgrounds take all that they may. With numbers and what is biggest. */
export const quotaRefusal = (usage: Usage): RametError =>
  quotaExceeded(usage.quota.usedBytes, usage.quota.limitBytes, biggest(usage))

const mostNamed = 3

function biggest({ runs, playgrounds }: Usage): string[] {
  return [
    ...runs.filter(({ state }) => isOff(state)).map((run) => ({ ...run, what: `run ${run.id} “${run.title}”` })),
    ...playgrounds.map((playground) => ({ ...playground, what: `playground ${playground.name}` })),
  ]
    .toSorted((a, b) => b.exclusiveBytes - a.exclusiveBytes || b.sharedBytes - a.sharedBytes)
    .slice(0, mostNamed)
    .map(({ what, exclusiveBytes, sharedBytes }) => {
      // Where much is shared, no single one frees much: the whole size says more then.
      return `${what} (${formatBytes(exclusiveBytes)} alone, ${formatBytes(sharedBytes)} shared)`
    })
}

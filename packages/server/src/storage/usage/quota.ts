import type { Usage } from '@ramet/model/api/usage.ts'
import type { RametError } from '@ramet/model/errors/error.ts'
import { quotaExceeded } from '@ramet/model/errors/errors.ts'
import { isOff } from '@ramet/model/run/run-state.ts'
import { formatBytes } from '@ramet/model/units/bytes.ts'
import type { Holdings } from './holdings.ts'
import { shares } from './shares.ts'

/**
 * Sums the bytes that count for the quota: files that the given owners (`run <id>`, `playground <id>`) hold, each counted once however many share it, without files that images and warm starts hold
 * too. Also returns the bytes that images hold.
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

/** Makes the error `quota_exceeded` with the numbers and the biggest items. */
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
      // When much is shared, removing one item frees little, so the full size tells more.
      return `${what} (${formatBytes(exclusiveBytes)} alone, ${formatBytes(sharedBytes)} shared)`
    })
}

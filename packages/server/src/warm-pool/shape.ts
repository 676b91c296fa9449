import { createHash } from 'node:crypto'
import { imageOf, type RunPlan } from '@ramet/model/plan/run-plan.ts'

const digest = (value: unknown) => createHash('sha256').update(JSON.stringify(value)).digest('hex')

/** Returns the names of the images that a run of this plan begins from. */
export const imagesOf = ({ machines }: RunPlan): string[] => [
  ...new Set(machines.flatMap(({ drives }) => drives.flatMap((drive) => imageOf(drive) ?? []))),
]

/** Computes the shape of a playground's runs from its plan and the layers of its images, in the order of `imagesOf`. Pure. */
export const warmShape = (plan: RunPlan, layerIds: readonly string[]): string => `${digest(plan)}.${digest(layerIds)}`

/** Returns why a warm start of the shape `was` does not fit the shape `is`, as a sentence; undefined when it fits. Pure. */
export function whyStale(was: string, is: string): string | undefined {
  const [wasPlan, wasLayers] = was.split('.')
  const [plan, layers] = is.split('.')
  if (wasPlan !== plan) return 'Its playground was changed since it was kept warm.'
  if (wasLayers !== layers) return 'Its image is newer than the playground that was kept warm.'
  return undefined
}

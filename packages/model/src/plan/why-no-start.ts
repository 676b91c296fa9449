import type { Image } from '../api/host.ts'
import type { RametError } from '../errors/error.ts'
import { imageNotBuilt } from '../errors/errors.ts'

/**
 * Why no start may begin from the image; undefined for one that is here, is under way, or is built by a start by itself. The one rule: a request asks it before there
 * is a run, the step that needs the image asks it again, and the dashboard before a click. Pure.
 */
export function whyNoStart({ name, state, costs }: Pick<Image, 'name' | 'state' | 'costs'>): RametError | undefined {
  if (costs === undefined || state === 'ready' || state === 'building') return undefined
  return imageNotBuilt(name, costs)
}

import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import type { ImageService } from '../images/image-service.ts'
import type { Db } from '../store/database.ts'
import type { PlaygroundRow } from '../store/schema.ts'
import { findWarmStart } from '../store/warm-starts.ts'
import { imagesOf, warmShape, whyStale } from './shape.ts'

/** What a new run begins with, or why it boots (a sentence; absent where nobody expects otherwise). */
export type WarmOffer = { readonly snapshotId: string } | { readonly coldReason?: string }

/** Shape of the runs that would be made of this plan now; undefined when an image of theirs is not there. */
export async function shapeNow(images: Pick<ImageService, 'currentLayer'>, plan: RunPlan): Promise<string | undefined> {
  const layers = await Promise.all(imagesOf(plan).map((name) => images.currentLayer(name)))
  const known = layers.filter((id) => id !== undefined)
  return known.length === layers.length ? warmShape(plan, known) : undefined
}

/**
 * Whether a new run of the playground begins warm. What the memory was taken on (CPU, QEMU, kernel) is looked at by the resume itself, as for every snapshot:
 * the run boots then, and says why.
 */
export async function warmOffer(
  trx: Db,
  playground: PlaygroundRow,
  { shape, isOn, cold }: { shape: string | undefined; isOn: boolean; cold: boolean },
): Promise<WarmOffer> {
  if (cold) return { coldReason: 'A boot was asked for.' }
  if (playground.owner_id !== null) return {}
  if (!isOn) return { coldReason: 'Warm starts are switched off.' }
  const warm = await findWarmStart(trx, playground.id)
  if (!warm) return { coldReason: 'Its playground had not been kept warm so far.' }
  if (shape === undefined) return { coldReason: 'Its image is not there and is made anew.' }
  const coldReason = whyStale(warm.shape, shape)
  return coldReason === undefined ? { snapshotId: warm.snapshot_id } : { coldReason }
}

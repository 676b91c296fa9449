import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import type { ImageService } from '../images/image-service.ts'
import type { Db } from '../store/database.ts'
import type { PlaygroundRow } from '../store/schema.ts'
import { findWarmStart } from '../store/warm-starts.ts'
import { imagesOf, warmShape, whyStale } from './shape.ts'

/** The warm start of a new run, or why it boots (a sentence; absent when nobody expects a warm start). */
export type WarmOffer = { readonly snapshotId: string } | { readonly coldReason?: string }

/** Returns the shape of runs of this plan as of now; undefined when an image of theirs is missing. */
export async function shapeNow(images: Pick<ImageService, 'currentLayer'>, plan: RunPlan): Promise<string | undefined> {
  const layers = await Promise.all(imagesOf(plan).map((name) => images.currentLayer(name)))
  const known = layers.filter((id) => id !== undefined)
  return known.length === layers.length ? warmShape(plan, known) : undefined
}

/**
 * Decides whether a new run of the playground begins warm. As for every snapshot, the resume itself checks what the memory was taken on (CPU, QEMU, kernel):
 * if it differs, the run boots and says why.
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

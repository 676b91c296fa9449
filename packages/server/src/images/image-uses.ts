import { imageOf } from '@ramet/model/plan/run-plan.ts'
import { canonicalSource } from '@ramet/model/units/image-reference.ts'
import { specOf } from '../playgrounds/bases.ts'
import type { Db } from '../store/database.ts'
import { type HoldingRun, imageHolders, plansBeforeTheirImages } from '../store/image-holders.ts'
import { listPlaygrounds } from '../store/playgrounds.ts'
import { readPlan } from '../store/read-plan.ts'
import type { PlaygroundRow } from '../store/schema.ts'

/** Who needs an image. */
export interface ImageUse {
  readonly playgrounds: ReadonlyMap<string, Pick<PlaygroundRow, 'name' | 'owner_id'>>
  readonly runs: ReadonlyMap<string, HoldingRun>
  /** A snapshot, which belongs to one of them or is kept for the next start. */
  readonly isHeld: boolean
}

interface Growing extends ImageUse {
  readonly playgrounds: Map<string, Pick<PlaygroundRow, 'name' | 'owner_id'>>
  readonly runs: Map<string, HoldingRun>
  isHeld: boolean
}

/** Uses of images by name: playgrounds that name them, runs and saved drives that stand on them. An image that is not in it is used by nothing. */
export async function imageUses(db: Db): Promise<ReadonlyMap<string, ImageUse>> {
  const uses = new Map<string, Growing>()
  const use = (name: string): Growing => {
    const known = uses.get(name) ?? { playgrounds: new Map(), runs: new Map(), isHeld: false }
    uses.set(name, known)
    return known
  }
  const playgrounds = new Map((await listPlaygrounds(db)).map((row) => [row.id, row]))
  for (const row of playgrounds.values())
    for (const { drives } of specOf(row).machines)
      for (const drive of drives) {
        const image = imageOf(drive)
        if (image !== undefined) use(canonicalSource(image)).playgrounds.set(row.id, row)
      }
  for (const { name, run, playgroundId } of await imageHolders(db)) {
    const playground = playgrounds.get(playgroundId ?? '')
    if (run) use(name).runs.set(run.id, run)
    else if (playground) use(name).playgrounds.set(playground.id, playground)
    else use(name).isHeld = true
  }
  for (const { plan, ...run } of await plansBeforeTheirImages(db)) {
    const read = readPlan(plan)
    const machines = 'plan' in read ? read.plan.machines : []
    for (const drive of machines.flatMap(({ drives }) => drives)) {
      const image = imageOf(drive)
      if (image !== undefined) use(canonicalSource(image)).runs.set(run.id, run)
    }
  }
  return uses
}

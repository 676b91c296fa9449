import { stat } from 'node:fs/promises'
import { requireSpace } from '@ramet/engine/disk/space.ts'
import { digestRam, packRam } from '@ramet/engine/snapshot/ram-file.ts'
import type { Db } from '../../store/database.ts'
import type { SnapshotMachineRow } from '../../store/schema.ts'
import type { LayerTools } from '../layers/layer-tools.ts'
import { ramPath, swapRam } from './swap-ram.ts'

/** What can be done for one file of RAM while nobody waits for it. */
export interface RestJob {
  readonly kind: 'digest' | 'pack'
  readonly machine: SnapshotMachineRow
}

/** As they are called by the fault injector. */
export const restSteps: readonly string[] = ['rest/digest', 'rest/pack', 'rest/swap']

/** Memory of a live clone is still being written to the disk. */
const notDurableMs = 30_000

type Tools = Pick<LayerTools, 'db' | 'home' | 'afterStep'>

/**
 * What is to be done next, or when that may be. `packAfterMs`: RAM that has not been used for so long is compressed; undefined: none is. It was last used when its
 * file was written: by the cut, or by whoever unpacked it.
 */
export async function nextJob(
  { db, home }: Tools,
  packAfterMs: number | undefined,
  isGivenUp: (machine: SnapshotMachineRow) => boolean,
): Promise<RestJob | { readonly inMs: number } | undefined> {
  const rows = await db
    .selectFrom('snapshot_machines')
    .innerJoin('snapshots', 'snapshots.id', 'snapshot_machines.snapshot_id')
    .selectAll('snapshot_machines')
    .select('is_durable')
    .where('ram_form', '=', 'plain')
    .orderBy('at')
    .execute()
  const plain = rows.filter((machine) => machine.is_durable === 1 && machine.is_damaged === 0 && !isGivenUp(machine))
  const machine = plain.find(({ ram_digest }) => ram_digest === null)
  if (machine) return { kind: 'digest', machine }
  let inMs = rows.some(({ is_durable }) => is_durable === 0) ? notDurableMs : Number.POSITIVE_INFINITY
  for (const each of packAfterMs === undefined ? [] : plain) {
    if (!(await isResting(db, each.snapshot_id))) continue
    const written = await stat(ramPath(home, each)).catch(() => undefined)
    if (!written) continue
    const dueInMs = written.mtimeMs + (packAfterMs ?? 0) - Date.now()
    if (dueInMs <= 0) return { kind: 'pack', machine: each }
    inMs = Math.min(inMs, dueInMs)
  }
  return Number.isFinite(inMs) ? { inMs } : undefined
}

/** Does it, unless the snapshot goes meanwhile. Throws what `run` throws, `no_space`, and what a digest that is another one is told by. */
export async function doJob(tools: Tools, { kind, machine }: RestJob, signal: AbortSignal): Promise<void> {
  const { db, home, afterStep } = tools
  const { snapshot_id: snapshotId, machine: name, ram_digest } = machine
  const path = ramPath(home, machine)
  if (kind === 'digest') {
    const digest = await digestRam({ path, isPacked: false }, { signal })
    await db
      .updateTable('snapshot_machines')
      .set({ ram_digest: digest })
      .where('snapshot_id', '=', snapshotId)
      .where('machine', '=', name)
      .where('ram_digest', 'is', null)
      .execute()
    afterStep?.('rest/digest')
    return
  }
  await requireSpace(home, machine.ram_bytes)
  const to = await packRam(path, { signal })
  afterStep?.('rest/pack')
  const isWhole = ram_digest === null || to.digest === ram_digest
  const isWanted = async (trx: Db) => isWhole && !signal.aborted && isResting(trx, snapshotId)
  if ((await swapRam(tools, { snapshotId, machine: name, from: path, to, isWanted })) === 'swapped') afterStep?.('rest/swap')
  if (isWhole) return
  await db
    .updateTable('snapshot_machines')
    .set({ is_damaged: 1 })
    .where('snapshot_id', '=', snapshotId)
    .where('machine', '=', name)
    .execute()
  throw new Error(`the memory of ${name} in the snapshot ${snapshotId} is not what it was when it was taken`)
}

/** No machine has it mapped, none is about to, and no playground is kept warm by it. */
async function isResting(db: Db, snapshotId: string): Promise<boolean> {
  const holders = await db
    .selectFrom('runs')
    .select(['maps_snapshot', 'wanted', 'state'])
    .where(({ or, eb }) => or([eb('resume_from', '=', snapshotId), eb('maps_snapshot', '=', snapshotId)]))
    .execute()
  const warm = await db.selectFrom('warm_starts').select('playground_id').where('snapshot_id', '=', snapshotId).executeTakeFirst()
  return (
    warm === undefined &&
    holders.length > 0 &&
    holders.every(
      ({ maps_snapshot, wanted, state }) =>
        maps_snapshot !== snapshotId && wanted === 'STOPPED' && (state === 'STOPPED' || state === 'FAILED'),
    )
  )
}

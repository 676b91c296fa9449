import type { Db } from '../../store/database.ts'
import type { SnapshotMachineRow } from '../../store/schema.ts'
import { isResting, listPlainMemory, markDamaged, saveDigest } from '../../store/snapshot-memory.ts'
import type { LayerTools } from '../layers/layer-tools.ts'
import { swapRam } from './swap-ram.ts'

/** Background work on one file of RAM. */
export interface RestJob {
  readonly kind: 'digest' | 'pack'
  readonly machine: SnapshotMachineRow
}

/** Step names for the fault injector. */
export const restSteps: readonly string[] = ['rest/digest', 'rest/pack', 'rest/swap']

/** Memory of a live clone is still being written to the disk. */
const notDurableMs = 30_000

type Tools = Pick<LayerTools, 'db' | 'storage' | 'afterStep'>

/**
 * Decides what to do next, or when. `packAfterMs`: RAM that was not used for this long is compressed; undefined: none is. RAM was last used when its
 * file was written, by a cut or by unpacking.
 */
export async function nextJob(
  { db, storage }: Tools,
  packAfterMs: number | undefined,
  isGivenUp: (machine: SnapshotMachineRow) => boolean,
): Promise<RestJob | { readonly inMs: number } | undefined> {
  const rows = await listPlainMemory(db)
  const plain = rows.filter((machine) => machine.is_durable === 1 && machine.is_damaged === 0 && !isGivenUp(machine))
  const machine = plain.find(({ ram_digest }) => ram_digest === null)
  if (machine) return { kind: 'digest', machine }
  let inMs = rows.some(({ is_durable }) => is_durable === 0) ? notDurableMs : Number.POSITIVE_INFINITY
  for (const each of packAfterMs === undefined ? [] : plain) {
    if (!(await isResting(db, each.snapshot_id))) continue
    const writtenAt = await storage.writtenAt(each.ram_file)
    if (writtenAt === undefined) continue
    const dueInMs = writtenAt + (packAfterMs ?? 0) - Date.now()
    if (dueInMs <= 0) return { kind: 'pack', machine: each }
    inMs = Math.min(inMs, dueInMs)
  }
  return Number.isFinite(inMs) ? { inMs } : undefined
}

/** Does the work, unless the snapshot is removed meanwhile. Throws `no_space`, and an error for memory that has changed since it was taken. */
export async function doJob(tools: Tools, { kind, machine }: RestJob, signal: AbortSignal): Promise<void> {
  await (kind === 'digest' ? digest(tools, machine, signal) : pack(tools, machine, signal))
}

const nameOf = ({ snapshot_id, machine }: SnapshotMachineRow) => ({ snapshotId: snapshot_id, machine })

async function digest({ db, storage, afterStep }: Tools, machine: SnapshotMachineRow, signal: AbortSignal): Promise<void> {
  await saveDigest(db, nameOf(machine), await storage.digestRam({ file: machine.ram_file, isPacked: false }, { signal }))
  afterStep?.('rest/digest')
}

async function pack(tools: Tools, machine: SnapshotMachineRow, signal: AbortSignal): Promise<void> {
  const { db, storage, afterStep } = tools
  const memory = nameOf(machine)
  await storage.requireSpace(machine.ram_bytes)
  const to = await storage.packRam(machine.ram_file, { signal })
  afterStep?.('rest/pack')
  const isWhole = machine.ram_digest === null || to.digest === machine.ram_digest
  const isWanted = async (trx: Db) => isWhole && !signal.aborted && isResting(trx, memory.snapshotId)
  if ((await swapRam(tools, { ...memory, from: machine.ram_file, to, isWanted })) === 'swapped') afterStep?.('rest/swap')
  if (isWhole) return
  await markDamaged(db, memory)
  throw new Error(`the memory of ${memory.machine} in the snapshot ${memory.snapshotId} is not what it was when it was taken`)
}

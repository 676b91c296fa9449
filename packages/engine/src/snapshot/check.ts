import { stat } from 'node:fs/promises'
import { digestOf } from './keep.ts'
import { memoryIn, type SnapshotRecord } from './snapshot-record.ts'
import { type SnapshotStamp, whyNotHere } from './stamp.ts'

/**
 * Returns why a snapshot cannot be resumed here and now, as part of a sentence; undefined when it can. Device state is small and read whole. RAM is large: it is judged
 * by its length and by the result of the background digest, so that a start does not wait for gigabytes.
 */
export async function whyUnusable(
  home: string,
  { stamp, machines }: SnapshotRecord,
  here: SnapshotStamp,
): Promise<string | undefined> {
  const elsewhere = whyNotHere(stamp, here)
  if (elsewhere) return elsewhere
  for (const { name, memory: files, stateDigest, ramFileBytes, isDamaged } of machines) {
    if (isDamaged) return `the memory of ${name} is damaged (it is not what it was when it was taken)`
    const memory = memoryIn(home, files)
    const bytes = await stat(memory.ramFile).then(
      ({ size }) => size,
      () => undefined,
    )
    if (bytes === undefined) return `the memory of ${name} is gone`
    if (bytes !== ramFileBytes) return `the memory of ${name} is damaged (${bytes} bytes instead of ${ramFileBytes})`
    const digest = await digestOf(memory.stateFile).catch(() => undefined)
    if (digest === undefined) return `the device state of ${name} is gone`
    if (digest !== stateDigest) return `the device state of ${name} is damaged`
  }
  return undefined
}

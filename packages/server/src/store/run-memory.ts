import type { RunRow } from './schema.ts'

/**
 * The memory of a run. It decides how the run comes up and goes down. Columns of `runs` store it as flags, which only this file reads and writes.
 *
 * none → kept (a stop) → resuming (its machines go on) → mapped (all guests know) → kept …; every other step is back to `none`, or to `borrowed-drives`.
 */
export type RunMemory =
  /** The next start boots. */
  | { readonly kind: 'none' }
  /**
   * The next start resumes this snapshot. `isBorrowed`: snapshot and drives are a throwaway run's. `stillMapped`: an older snapshot that machines which
   * are about to end have mapped, between the record of the new memory and the end of the VMs.
   */
  | { readonly kind: 'kept'; readonly snapshotId: string; readonly isBorrowed: boolean; readonly stillMapped: string | null }
  /** Its machines go on from this snapshot, which is consumed and mapped. Not all guests know yet; those that do are in `epoch` (UUID). */
  | { readonly kind: 'resuming'; readonly snapshotId: string; readonly epoch: string; readonly isBorrowed: boolean }
  /** Its machines have this snapshot's files mapped, and all guests know that they were resumed. */
  | { readonly kind: 'mapped'; readonly snapshotId: string }
  /** Its drives are a throwaway run's, whose memory it cannot use: they are dropped before it boots. */
  | { readonly kind: 'borrowed-drives'; readonly stillMapped: string | null }

type MemoryColumns = Pick<RunRow, 'resume_from' | 'maps_snapshot' | 'asleep' | 'is_borrowed'>

/** The columns. Rows of older servers may have invalid combinations: they are read as the memory that loses least. */
export function readMemory(row: MemoryColumns & Pick<RunRow, 'epoch'>): RunMemory {
  const { resume_from, maps_snapshot, asleep, is_borrowed, epoch } = row
  const isBorrowed = is_borrowed === 1
  if (resume_from !== null) return { kind: 'kept', snapshotId: resume_from, isBorrowed, stillMapped: maps_snapshot }
  if (maps_snapshot !== null && asleep === 1 && epoch !== null)
    return { kind: 'resuming', snapshotId: maps_snapshot, epoch, isBorrowed }
  if (isBorrowed) return { kind: 'borrowed-drives', stillMapped: maps_snapshot }
  return maps_snapshot === null ? { kind: 'none' } : { kind: 'mapped', snapshotId: maps_snapshot }
}

export function memoryColumns(memory: RunMemory): MemoryColumns & Partial<Pick<RunRow, 'epoch'>> {
  const none: MemoryColumns = { resume_from: null, maps_snapshot: null, asleep: 0, is_borrowed: 0 }
  switch (memory.kind) {
    case 'none':
      return none
    case 'kept':
      return {
        ...none,
        resume_from: memory.snapshotId,
        maps_snapshot: memory.stillMapped,
        is_borrowed: memory.isBorrowed ? 1 : 0,
      }
    case 'resuming':
      return {
        ...none,
        maps_snapshot: memory.snapshotId,
        asleep: 1,
        is_borrowed: memory.isBorrowed ? 1 : 0,
        epoch: memory.epoch,
      }
    case 'mapped':
      return { ...none, maps_snapshot: memory.snapshotId }
    case 'borrowed-drives':
      return { ...none, maps_snapshot: memory.stillMapped, is_borrowed: 1 }
  }
}

/** The snapshot that the next start resumes; undefined: it boots. */
export const snapshotOf = (memory: RunMemory): string | undefined => (memory.kind === 'kept' ? memory.snapshotId : undefined)

/** The snapshot that its machines will go on from, or did; undefined: they boot, or did. */
export function goesOnFrom(memory: RunMemory): string | undefined {
  return memory.kind === 'none' || memory.kind === 'borrowed-drives' ? undefined : memory.snapshotId
}

/** The snapshot whose files machines have mapped, or may have. */
export function mappedBy(memory: RunMemory): string | null {
  switch (memory.kind) {
    case 'none':
      return null
    case 'kept':
    case 'borrowed-drives':
      return memory.stillMapped
    case 'resuming':
    case 'mapped':
      return memory.snapshotId
  }
}

/** Memory when all machines are off: nothing is mapped any more. */
export function unmapped(memory: RunMemory): RunMemory {
  switch (memory.kind) {
    case 'kept':
    case 'borrowed-drives':
      return { ...memory, stillMapped: null }
    case 'resuming':
      return memory.isBorrowed ? { kind: 'borrowed-drives', stillMapped: null } : { kind: 'none' }
    default:
      return { kind: 'none' }
  }
}

/** Memory when all guests know that they were resumed. */
export const awake = (memory: RunMemory): RunMemory =>
  memory.kind === 'resuming' ? { kind: 'mapped', snapshotId: memory.snapshotId } : memory

/** Memory without what was kept: the next start boots. Machines that are on keep their mappings. */
export function withoutResume(memory: RunMemory): RunMemory {
  switch (memory.kind) {
    case 'kept':
      if (memory.isBorrowed) return { kind: 'borrowed-drives', stillMapped: memory.stillMapped }
      return memory.stillMapped === null ? { kind: 'none' } : { kind: 'mapped', snapshotId: memory.stillMapped }
    case 'resuming':
      return memory.isBorrowed
        ? { kind: 'borrowed-drives', stillMapped: memory.snapshotId }
        : { kind: 'mapped', snapshotId: memory.snapshotId }
    default:
      return memory
  }
}

import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import { type MemoryRule, promisedMemory } from '../admission/admission.ts'
import type { Db } from '../store/database.ts'
import { isAnyOnItsWayUp, listRunsWithMemory } from '../store/runs.ts'
import { isAnyTaskAtWork } from '../store/tasks.ts'

/** Left free on the disk beside the memory that is to be written: a full one pauses users' machines. */
const leastFreeBytes = 2 * 1024 ** 3

/** True while nothing of a user's is on its way up, and a throwaway run of this plan takes neither memory nor space that users may need. `freeBytes`: of the home's disk. */
export async function isRoomFor(db: Db, plan: RunPlan, memory: MemoryRule, freeBytes: number): Promise<boolean> {
  if ((await isAnyOnItsWayUp(db)) || (await isAnyTaskAtWork(db))) return false
  const ramBytes = plan.machines.reduce((sum, { ramMiB }) => sum + ramMiB, 0) * 1024 ** 2
  if (freeBytes < ramBytes + leastFreeBytes) return false
  const promised = await promisedMemory(db, memory)
  const others = memory.bytesOf(plan) + (await takenByThrowaways(db, memory))
  return promised.reduce((sum, { bytes }) => sum + bytes, others) <= memory.totalBytes
}

/** True when users' runs were promised memory that a throwaway run has: it counts as nothing where they are admitted. */
export async function mustMakeRoom(db: Db, memory: MemoryRule): Promise<boolean> {
  const taken = await takenByThrowaways(db, memory)
  const promised = (await promisedMemory(db, memory)).reduce((sum, { bytes }) => sum + bytes, 0)
  return taken > 0 && promised + taken > memory.totalBytes
}

async function takenByThrowaways(db: Db, memory: MemoryRule): Promise<number> {
  const runs = await listRunsWithMemory(db, 'warm-start')
  return runs.reduce((sum, { plan }) => sum + memory.bytesOf(plan), 0)
}

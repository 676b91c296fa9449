import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import { type MemoryRule, promisedMemory } from '../admission/admission.ts'
import type { Db } from '../store/database.ts'
import { isAnyOnItsWayUp, listRunsWithMemory } from '../store/runs.ts'
import { isAnyTaskAtWork } from '../store/tasks.ts'

/** Free space to leave besides the memory to be written: a full disk pauses users' machines. */
const leastFreeBytes = 2 * 1024 ** 3

/** True when no user's run is starting, and a throwaway run of this plan takes no memory or space that users may need. `freeBytes`: free on the home's disk. */
export async function isRoomFor(db: Db, plan: RunPlan, memory: MemoryRule, freeBytes: number): Promise<boolean> {
  if ((await isAnyOnItsWayUp(db)) || (await isAnyTaskAtWork(db))) return false
  const ramBytes = plan.machines.reduce((sum, { ramMiB }) => sum + ramMiB, 0) * 1024 ** 2
  if (freeBytes < ramBytes + leastFreeBytes) return false
  const promised = await promisedMemory(db, memory)
  const others = memory.bytesOf(plan) + (await takenByThrowaways(db, memory))
  return promised.reduce((sum, { bytes }) => sum + bytes, others) <= memory.totalBytes
}

/** True when users' runs were promised memory that throwaway runs use: admission does not count throwaway runs. */
export async function mustMakeRoom(db: Db, memory: MemoryRule): Promise<boolean> {
  const taken = await takenByThrowaways(db, memory)
  const promised = (await promisedMemory(db, memory)).reduce((sum, { bytes }) => sum + bytes, 0)
  return taken > 0 && promised + taken > memory.totalBytes
}

async function takenByThrowaways(db: Db, memory: MemoryRule): Promise<number> {
  const runs = await listRunsWithMemory(db, 'warm-start')
  return runs.reduce((sum, { plan }) => sum + memory.bytesOf(plan), 0)
}

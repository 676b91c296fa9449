import { setTimeout as delay } from 'node:timers/promises'
import { residentMiB } from '../resident.ts'

const everyMs = 50
const settleMs = 5_000

export interface Grown {
  readonly before: number
  /** The most while the work went on. */
  readonly during: number
  readonly after: number
}

/** Resident memory of a process, in MiB, before, while and a while after something is done. */
export async function memoryWhile(pid: number, work: () => Promise<unknown>): Promise<Grown> {
  const before = await residentMiB(pid)
  let during = before
  let isOver = false
  const watching = (async () => {
    while (!isOver) {
      during = Math.max(during, await residentMiB(pid))
      await delay(everyMs)
    }
  })()
  try {
    await work()
  } finally {
    isOver = true
    await watching
  }
  await delay(settleMs)
  return { before, during, after: await residentMiB(pid) }
}

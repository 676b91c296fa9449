import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

/** Identifies a process: the start time (proc(5), stat field 22, in clock ticks since boot) tells it from a later process with the same pid. */
export interface ProcessId {
  readonly pid: number
  readonly startTime: string
  /** The kernel's boot id, since ticks begin again with each boot. Records of older versions lack it. */
  readonly bootId?: string
}

/** Reads a process; undefined when there is none, or only its zombie. */
export async function identify(pid: number): Promise<ProcessId | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // The second field is the name in parentheses and may hold anything: count from the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, startTime] = [fields[0], fields[19]]
  if (stat === '' || state === 'Z' || state === 'X' || startTime === undefined) return undefined
  return { pid, startTime }
}

let thisBoot: Promise<string> | undefined

/** The kernel's id of this boot of the host (random(4)). */
export function bootIdOfHost(): Promise<string> {
  thisBoot ??= readFile('/proc/sys/kernel/random/boot_id', 'utf8').then((text) => text.trim())
  return thisBoot
}

export async function isAlive({ pid, startTime, bootId }: ProcessId): Promise<boolean> {
  if (bootId !== undefined && bootId !== (await bootIdOfHost())) return false
  return (await identify(pid))?.startTime === startTime
}

export async function argvOf(pid: number): Promise<string[]> {
  return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0')
}

export async function gone(process: ProcessId, withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs
  while (await isAlive(process)) {
    if (Date.now() > deadline) return false
    await delay(20)
  }
  return true
}

import { setStopped } from './stop-signal.ts'

/** Only what nobody else uses of CPU (SCHED_IDLE, sched(7)) and disk (ioprio_set(2), where the disk's scheduler knows classes). */
const idleClass = ['chrt', '--idle', '0', 'ionice', '-c', '3'] as const

const pids = new Set<number>()
let isStill = false

/** `argv` in the idle class; becomes the program, so that the pid is its own. */
export const inIdleClass = (argv: readonly [string, ...string[]]): [string, ...string[]] => [...idleClass, ...argv]

/** Programs of this process that nobody waits for. Returns the way to forget it, once it has ended. */
export function addBackgroundProgram(pid: number): () => void {
  pids.add(pid)
  if (isStill) setStopped(pid, true)
  return () => pids.delete(pid)
}

/** None of them gets the CPU until they are let go on. */
export function stopBackgroundPrograms(areStopped: boolean): void {
  isStill = areStopped
  for (const pid of pids) setStopped(pid, areStopped)
}

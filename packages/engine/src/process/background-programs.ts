import { setStopped } from './stop-signal.ts'

/**
 * Runs a program only on CPU and disk time that nobody else uses (SCHED_IDLE, sched(7); ioprio_set(2) where the disk's scheduler has classes). It is killed with
 * the server (PR_SET_PDEATHSIG, prctl(2)): nobody would let one go on that stands still.
 */
const idleClass = ['setpriv', '--pdeathsig', 'KILL', 'chrt', '--idle', '0', 'ionice', '-c', '3'] as const

const pids = new Set<number>()
let isStill = false

/** Returns an argv that runs `argv` in the idle class. It execs the program, so the pid is the program's. */
export const inIdleClass = (argv: readonly [string, ...string[]]): [string, ...string[]] => [...idleClass, ...argv]

/** Registers a background program of this process. Returns a function that removes it once it has ended. */
export function addBackgroundProgram(pid: number): () => void {
  pids.add(pid)
  if (isStill) setStopped(pid, true)
  return () => pids.delete(pid)
}

/** Stops or continues all of them. */
export function stopBackgroundPrograms(areStopped: boolean): void {
  isStill = areStopped
  for (const pid of pids) setStopped(pid, areStopped)
}

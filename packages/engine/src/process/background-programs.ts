import { diesWithParent } from './dies-with-parent.ts'
import { setStopped } from './stop-signal.ts'

/**
 * How programs run. `idle`: only on CPU and disk time that nobody else uses (SCHED_IDLE, sched(7); ioprio_set(2) where the disk's scheduler has classes). `low`: they have a third
 * of the CPU that others have, for hosts whose CPUs are never idle, where the others would never end.
 */
const classes = {
  idle: ['chrt', '--idle', '0', 'ionice', '-c', '3'],
  low: ['nice', '-n', '5', 'ionice', '-c', '2', '-n', '7'],
} as const
export type BackgroundClass = keyof typeof classes

let chosen: BackgroundClass = 'idle'

/** Of all background programs that this process starts from now on. */
export function useBackgroundClass(background: BackgroundClass): void {
  chosen = background
}

const pids = new Set<number>()
let isStill = false

/**
 * Returns an argv that runs `argv` in the background. It execs the program, so the pid is the program's. It is killed with the server: nobody would let one go on that stands
 * still.
 */
export const inBackground = (argv: readonly [string, ...string[]]): [string, ...string[]] => [
  ...diesWithParent,
  ...classes[chosen],
  ...argv,
]

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

import type { Action, MachineAction, MachineState, RunState } from '@ramet/model/run/run-state.ts'
import { isMachineOn, machineRefusal, refusal } from '@ramet/model/run/run-state.ts'

/** What somebody does to a run of two machines, `a` and `b`. */
export type Deed =
  | Extract<Action, 'stop' | 'shut_down' | 'restart' | 'boot' | 'destroy' | 'set_title'>
  | `${MachineAction} ${'a' | 'b'}`

export const deeds: readonly Deed[] = [
  'stop',
  'shut_down',
  'restart',
  'boot',
  'destroy',
  'set_title',
  'machine.stop a',
  'machine.stop b',
  'machine.restart a',
  'machine.reboot a',
]

/** States alone: what a run is after some order of deeds. */
export interface Sight {
  readonly run: RunState
  readonly a: MachineState
  readonly b: MachineState
}

const names = ['a', 'b'] as const

/** What `deed` makes of it; undefined: the action table refuses it. */
function take(sight: Sight, deed: Deed): Sight | undefined {
  const [action = '', name] = deed.split(' ') as [Action | MachineAction, ('a' | 'b')?]
  if (name !== undefined) {
    if (machineRefusal(action as MachineAction, sight.run, sight[name]) !== undefined) return undefined
    const to = { 'machine.stop': 'STOPPING', 'machine.restart': 'STARTING', 'machine.reboot': 'REBOOTING' } as const
    return { ...sight, [name]: to[action as MachineAction] }
  }
  // A second one is answered as the first.
  if (deed === 'destroy' && (sight.run === 'DESTROYING' || sight.run === 'DESTROYED')) return sight
  if (refusal(action as Action, sight.run) !== undefined) return undefined
  const to: Partial<Record<Deed, RunState>> = {
    stop: 'STOPPING',
    shut_down: 'STOPPING',
    restart: 'STARTING',
    boot: 'STARTING',
    destroy: 'DESTROYING',
  }
  return { ...sight, run: to[deed] ?? sight.run }
}

/** What it may become next by itself. None: it is at rest. */
function next(sight: Sight): Sight[] {
  switch (sight.run) {
    case 'STARTING':
      return [{ run: 'RUNNING', a: 'RUNNING', b: 'RUNNING' }]
    case 'STOPPING':
      return [{ run: 'STOPPED', a: 'STOPPED', b: 'STOPPED' }]
    case 'DESTROYING':
      return [{ ...sight, run: 'DESTROYED' }]
    case 'RUNNING': {
      const moved = names.flatMap((name): Sight[] => {
        if (sight[name] === 'STOPPING') return [{ ...sight, [name]: 'STOPPED' }]
        return ['STARTING', 'REBOOTING'].includes(sight[name]) ? [{ ...sight, [name]: 'RUNNING' }] : []
      })
      const isOff = names.every((name) => !isMachineOn(sight[name]))
      return isOff ? [...moved, { ...sight, run: 'STOPPING' }] : moved
    }
    default:
      return []
  }
}

/** `stop taken, destroy refused: DESTROYED`: each deed by its number, and where all of it ends. */
export function told(sight: Sight, taken: readonly boolean[]): string {
  const end = sight.run === 'DESTROYED' ? sight.run : `${sight.run} ${sight.a} ${sight.b}`
  return `${taken.map((each) => (each ? 'taken' : 'refused')).join(', ')}: ${end}`
}

/** Every outcome of these deeds one after the other, in any order and with any time in between. */
export function outcomes(from: Sight, all: readonly Deed[]): Set<string> {
  const found = new Set<string>()
  const seen = new Set<string>()
  const walk = (sight: Sight, taken: readonly (boolean | undefined)[]) => {
    const key = JSON.stringify([sight, taken.map((each) => each ?? null)])
    if (seen.has(key)) return
    seen.add(key)
    const later = next(sight)
    for (const one of later) walk(one, taken)
    for (const [index, deed] of all.entries()) {
      if (taken[index] !== undefined) continue
      const after = take(sight, deed)
      walk(after ?? sight, taken.with(index, after !== undefined))
    }
    if (later.length === 0 && taken.every((each) => each !== undefined)) found.add(told(sight, taken as boolean[]))
  }
  walk(
    from,
    all.map(() => undefined),
  )
  return found
}

import { z } from 'zod'

/** States of a run, as labctl knows them (reference: labctl `api/plays`). WARMING_UP: an image that the run needs is still being built. */
export const runStates = [
  'CREATED',
  'WARMING_UP',
  'WARMED_UP',
  'STARTING',
  'RUNNING',
  'STOPPING',
  'STOPPED',
  'DESTROYING',
  'DESTROYED',
  'FAILED',
] as const
export const runStateSchema = z.enum(runStates)
export type RunState = z.infer<typeof runStateSchema>

export const machineStates = [
  'CREATED',
  'WARMING_UP',
  'WARMED_UP',
  'STARTING',
  'RUNNING',
  'REBOOTING',
  'STOPPING',
  'STOPPED',
  'FAILED',
] as const
export const machineStateSchema = z.enum(machineStates)
export type MachineState = z.infer<typeof machineStateSchema>

/** What a run's owner asked for last. The reconciler brings the run there. */
export const wantedStates = ['RUNNING', 'STOPPED', 'DESTROYED'] as const
export const wantedStateSchema = z.enum(wantedStates)
export type WantedState = z.infer<typeof wantedStateSchema>

/** What is wanted of one machine of a run that is wanted RUNNING. REBOOTED: running, in another boot than now. */
export type WantedMachineState = 'RUNNING' | 'STOPPED' | 'REBOOTED'

const mayStop = ['CREATED', 'WARMING_UP', 'WARMED_UP', 'STARTING', 'RUNNING', 'FAILED'] as const
const mayStart = ['STOPPED', 'FAILED'] as const

interface Rule {
  readonly from: readonly RunState[]
  /** Shown when the action is refused: what to do instead. */
  readonly otherwise: string
}

/**
 * The one table of what an owner may do to a run, and when. Server, CLI and web read it; nothing else compares state names.
 * A run is only ever its owner's: to everyone else it does not exist (404), so the table has no column for others.
 */
export const actions = {
  /** Keeps the machines' memory where it can. */
  stop: { from: mayStop, otherwise: 'Only a run that is starting, running or failed can be stopped.' },
  /** A stop that does not: the guests are shut down. */
  shut_down: { from: mayStop, otherwise: 'Only a run that is starting, running or failed can be shut down.' },
  /** From kept memory, if there is any. */
  restart: { from: mayStart, otherwise: 'Stop the run first, or reboot one of its machines.' },
  /** A restart without kept memory. */
  boot: { from: mayStart, otherwise: 'Stop the run first, or reboot one of its machines.' },
  // A FAILED run that has been up before can be copied: what its drives hold is what a restart would boot from. One that never was up has nothing of
  // its own to copy; that is not a matter of its state and is refused in `clone-save/copyable.ts`.
  clone: {
    from: ['STOPPED', 'FAILED'],
    otherwise: 'Stop the run first: ramet playground stop ID. Or clone it as it runs: ramet playground clone ID --live',
  },
  clone_live: {
    from: ['RUNNING'],
    otherwise: 'Only a run that is running can be cloned live. One that is stopped: ramet playground clone ID',
  },
  save: { from: ['STOPPED', 'FAILED'], otherwise: 'Stop the run first, so that its drives are whole: ramet playground stop ID' },
  destroy: {
    from: ['CREATED', 'WARMING_UP', 'WARMED_UP', 'STARTING', 'RUNNING', 'STOPPING', 'STOPPED', 'FAILED'],
    otherwise: 'The run is already being destroyed.',
  },
  set_title: {
    from: ['CREATED', 'WARMING_UP', 'WARMED_UP', 'STARTING', 'RUNNING', 'STOPPING', 'STOPPED', 'FAILED'],
    otherwise: 'The run is gone.',
  },
  /** How long it may be on at a time, and what is done with it then. */
  set_lifetime: {
    from: ['CREATED', 'WARMING_UP', 'WARMED_UP', 'STARTING', 'RUNNING', 'STOPPING', 'STOPPED', 'FAILED'],
    otherwise: 'The run is gone.',
  },
  /** Of one task; that it failed is another question (server, tasks/retry-task.ts). */
  retry_task: { from: ['RUNNING'], otherwise: 'Start the run first: ramet playground restart ID' },
  open_terminal: { from: ['RUNNING'], otherwise: 'Start the run first: ramet playground restart ID' },
  open_console: {
    from: ['STARTING', 'RUNNING', 'STOPPING'],
    otherwise: 'The serial console can be attached only while machines are on; the log can be read at any time.',
  },
} as const satisfies Record<string, Rule>

export type Action = keyof typeof actions

/** Returns why `action` is refused in `state`, as a sentence for people; undefined when it is allowed. */
export function refusal(action: Action, state: RunState): string | undefined {
  const rule: Rule = actions[action]
  return rule.from.includes(state) ? undefined : rule.otherwise
}

interface MachineRule {
  readonly from: readonly MachineState[]
  readonly otherwise: string
}

/** The same for one machine of a run that is RUNNING. */
export const machineActions = {
  'machine.stop': { from: ['STARTING', 'RUNNING', 'REBOOTING'], otherwise: 'Only a machine that is on can be stopped.' },
  'machine.restart': { from: ['STOPPED', 'FAILED'], otherwise: 'It is on: reboot it, or stop it first.' },
  'machine.reboot': {
    from: ['RUNNING'],
    otherwise:
      'Only a machine that is running can be rebooted. One that is off is restarted: ramet playground machine restart ID NAME',
  },
} as const satisfies Record<string, MachineRule>

export type MachineAction = keyof typeof machineActions

/** As `refusal`, for an action on one machine. */
export function machineRefusal(action: MachineAction, run: RunState, machine: MachineState): string | undefined {
  if (run !== 'RUNNING') return 'The run must be running: ramet playground restart ID'
  const rule: MachineRule = machineActions[action]
  return rule.from.includes(machine) ? undefined : rule.otherwise
}

/** True while the machine has a VM, or should have one. */
export const isMachineOn = (state: MachineState): boolean =>
  (['STARTING', 'RUNNING', 'REBOOTING', 'STOPPING'] as readonly MachineState[]).includes(state)

/** As in labctl: every state but STOPPED and DESTROYED is active, FAILED too. */
export const isActive = (state: RunState): boolean => state !== 'STOPPED' && state !== 'DESTROYED'

/** True while the state will change by itself. */
export const isMoving = (state: RunState): boolean =>
  (['CREATED', 'WARMING_UP', 'WARMED_UP', 'STARTING', 'STOPPING', 'DESTROYING'] as readonly RunState[]).includes(state)

/** True while its machines are off for good: nothing writes to its drives, and nothing will until somebody wants it. */
export const isOff = (state: RunState): boolean => state === 'STOPPED' || state === 'FAILED'

/** States in which a run has processes, or is on its way to or from having some. */
export const takesMemory: readonly RunState[] = runStates.filter((state) => isActive(state) && state !== 'FAILED')

/** True when nothing is left of the run but its name. */
export const isGone = (state: RunState): boolean => state === 'DESTROYED'

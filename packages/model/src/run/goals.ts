import type { Play, Progress } from '../api/wire.ts'
import { RametError } from '../errors/error.ts'
import type { RunState, WantedState } from './run-state.ts'
import { isTaskOver, taskStatus } from './task-state.ts'

/** What a verb waits for: its request, and when that is fulfilled. */
export interface Goal {
  readonly wanted: WantedState
  isReached(play: Play): boolean
}

/** A command ran in it. */
export const isMachineReady = (play: Play, name: string) =>
  play.status.machines.some(
    (machine) =>
      machine.name === name && machine.conditions.some((condition) => condition.name === 'Ready' && condition.status === 'True'),
  )

/** Machines that are on and do not answer, with the reason as a sentence. */
export const silentMachines = (play: Play): { readonly name: string; readonly message: string }[] =>
  play.status.machines.flatMap(({ name, state, conditions }) => {
    const ready = conditions.find((condition) => condition.name === 'Ready')
    return state === 'RUNNING' && ready?.status === 'False' ? [{ name, message: ready.message ?? 'It does not answer.' }] : []
  })

/** Every machine that can be entered has run a command. */
export const isReady = (play: Play): boolean =>
  play.state === 'RUNNING' && play.machines.every(({ name, noSSH }) => noSSH || isMachineReady(play, name))

/** Why a machine of the run, or the named one, will not be ready: its boot has failed, and it stays on to be mended. */
export const failedBoot = (play: Play, machine?: string): RametError | undefined => {
  if (play.state !== 'RUNNING') return undefined
  const silent = silentMachines(play).map(({ name }) => name)
  const bad = incompleteBoots(play).find(({ name }) => silent.includes(name) && (machine ?? name) === name)
  return (
    bad &&
    new RametError('boot_failed', 503, `The machine ${bad.name} is on and does not answer: ${bad.message}`, {
      hint: `See what it printed, or mend it in its shell: ramet playground machine console ${play.id} ${bad.name}. Then: ramet playground machine reboot ${play.id} ${bad.name}`,
    })
  )
}

/** Init tasks are over, or held up by a machine that is off. */
export const areTasksSettled = (play: Play): boolean =>
  play.initTasksOver || (play.state === 'RUNNING' && play.machines.some(({ state }) => state === 'STOPPED' || state === 'FAILED'))

/** No task will end any more by itself: those that are repeated have too, or wait for an init task that failed. Helpers never end. */
export const areAllTasksSettled = (play: Play): boolean => {
  const tasks = Object.values(play.tasks)
  const waits = tasks.some(({ init, helper, status }) => !init && !helper && !isTaskOver(status))
  const isHeldUp = tasks.some(({ init, status }) => init && status === taskStatus.failed)
  return areTasksSettled(play) && (!waits || isHeldUp || !play.initTasksOver)
}

export const goals = {
  ready: { wanted: 'RUNNING', isReached: isReady },
  stopped: { wanted: 'STOPPED', isReached: ({ state }) => state === 'STOPPED' },
  destroyed: { wanted: 'DESTROYED', isReached: ({ state }) => state === 'DESTROYED' },
} as const satisfies Record<string, Goal>

/**
 * Returns why the goal will not be reached any more; undefined while it may. `asked` is the play in the action's answer:
 * a failure in it is an old one, which the action is about to repair.
 */
export function whyUnreachable(play: Play, goal: Goal, asked: Play): RametError | undefined {
  if (goal.isReached(play)) return undefined
  const failed = goal === goals.ready && asked.state !== 'RUNNING' ? failedBoot(play) : undefined
  if (failed) return failed
  const failedAnew = play.state === 'FAILED' && !(asked.state === 'FAILED' && asked.lastStateAt === play.lastStateAt)
  // A run that fails on its way up is first cleared away, wanted STOPPED, and FAILED only then.
  if (failedAnew || (play.failure && play.wanted !== goal.wanted)) {
    const { code = 'run_failed', message = 'The run failed.', hint } = play.failure ?? {}
    return new RametError(code, 500, message, { hint })
  }
  if (play.wanted !== goal.wanted) {
    return new RametError('overruled', 409, `The run ${play.id} is now wanted ${play.wanted}, no longer ${goal.wanted}.`, {
      hint: 'Somebody, or a power-off inside the machine, asked for something else in the meantime.',
    })
  }
  return undefined
}

/** Machines whose boot could not do all that it was to do, such as mount a drive, and what: sentences. */
export const incompleteBoots = (play: Play): { readonly name: string; readonly message: string }[] =>
  play.status.machines.flatMap(({ name, conditions }) =>
    conditions.flatMap((each) =>
      each.name === 'BootComplete' && each.message !== undefined ? { name, message: each.message } : [],
    ),
  )

const said: Partial<Record<RunState, string>> = {
  CREATED: 'The run is about to start',
  WARMING_UP: 'Waiting for the images of the run',
  WARMED_UP: 'The images are there',
  STARTING: 'The machines are starting',
  RUNNING: 'Waiting for the machines to be ready',
  STOPPING: 'The machines are being shut down',
  DESTROYING: 'The run is being removed',
}

/** Describes what is under way, for people. */
export function progressOf(play: Play): Progress {
  if (play.progress) return play.progress
  const waiting = play.state === 'RUNNING' ? play.machines.filter(({ name, noSSH }) => !noSSH && !isMachineReady(play, name)) : []
  if (waiting.length > 0)
    return { step: 'ready', message: `Waiting for ${waiting.map(({ name }) => name).join(', ')} to be ready` }
  return { step: play.state.toLowerCase(), message: said[play.state] ?? `The run is ${play.state}` }
}

/** The same of a run that is ready and has tasks under way. */
export function taskProgressOf(play: Play): Progress {
  const all = Object.values(play.tasks)
  const isInitialised = all.every(({ init, status }) => !init || isTaskOver(status))
  const tasks = all.filter(({ init, helper }) => (isInitialised ? !helper : init))
  const over = tasks.filter(({ status }) => isTaskOver(status)).length
  const running = tasks.filter(({ status }) => status === taskStatus.running).map(({ name }) => name)
  const now = running.length === 0 ? '' : `: ${running.join(', ')}`
  const kind = isInitialised ? 'Tasks' : 'Init tasks'
  return { step: 'tasks', message: `${kind}, ${over} of ${tasks.length} over${now}` }
}

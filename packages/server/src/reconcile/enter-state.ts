import type { Failure } from '@ramet/model/api/wire.ts'
import type { MachineState, RunState, WantedState } from '@ramet/model/run/run-state.ts'
import { advance, noteDestroyed } from '../runs/run.ts'
import { cameUp } from './machine-watch.ts'
import type { RunAtWork } from './run-at-work.ts'

/** States that the reconciler writes between workflows. Crash tests end the server right after each: `state/STARTING`, `state/machines-STARTING`. */
const runStates = ['WARMING_UP', 'STARTING', 'RUNNING', 'STOPPING', 'STOPPED', 'FAILED', 'DESTROYED'] as const
const machinesStates = ['STARTING', 'RUNNING', 'STOPPING', 'STOPPED'] as const

export const stateSteps: readonly string[] = [
  ...runStates.map((state) => `state/${state}`),
  ...machinesStates.map((state) => `state/machines-${state}`),
]

type Turn = Pick<RunAtWork, 'id' | 'tools' | 'watch'>

/** Writes that the run has reached `state`, unless something else is wanted than `whileWanted`. */
export async function enterState(
  { id, tools }: Turn,
  whileWanted: WantedState,
  state: RunState,
  results: { readonly failure?: Failure | null } = {},
): Promise<void> {
  await advance(tools.db, id, whileWanted, state, results)
  tools.afterStep(`state/${state}`)
}

/** Writes the state of these machines. RUNNING: they are wanted on, and Ready unless their boot stopped at a shell. */
export async function enterMachines({ id, tools, watch }: Turn, state: MachineState, names: readonly string[]): Promise<void> {
  const on = tools.host.on(id)
  for (const name of names)
    await watch.write(name, state === 'RUNNING' ? { ...cameUp(on, name), wanted: 'RUNNING' } : { state, isReady: false })
  tools.afterStep(`state/machines-${state}`)
}

/** Writes that nothing of the run is left. */
export async function enterDestroyed({ id, tools }: Turn): Promise<void> {
  await noteDestroyed(tools.db, id)
  tools.afterStep('state/DESTROYED')
}

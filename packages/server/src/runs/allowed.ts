import { actionRefused } from '@ramet/model/errors/errors.ts'
import { type Action, refusal } from '@ramet/model/run/run-state.ts'
import type { Run } from '../store/runs.ts'

/** Throws `action_refused` with the reason when the action table does not allow the action. Call it in the transaction that writes the action's effect. */
export function mustAllow(action: Action, { id, state }: Pick<Run, 'id' | 'state'>): void {
  const otherwise = refusal(action, state)
  if (otherwise !== undefined) throw actionRefused(action.replace('_', ' '), state, otherwise.replaceAll('ID', id))
}

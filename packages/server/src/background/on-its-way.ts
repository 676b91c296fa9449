import type { Progress } from '@ramet/model/api/wire.ts'
import { decide } from '../reconcile/decide.ts'
import type { RunRow } from '../store/schema.ts'

type Whereabouts = Pick<RunRow, 'purpose' | 'wanted' | 'state'>

/** True while a user's run, or one of its machines, has not reached its wanted state (`progress`: what is being done with it). Pure. */
export function isOnItsWay({ purpose, wanted, state }: Whereabouts, progress?: Progress): boolean {
  if (purpose !== 'user') return false
  const next = decide(wanted, state)
  return next === 'watch' ? progress !== undefined : next !== 'rest'
}

import type { Progress } from '@ramet/model/api/wire.ts'
import { decide } from '../reconcile/decide.ts'
import type { RunRow } from '../store/schema.ts'

type Whereabouts = Pick<RunRow, 'purpose' | 'wanted' | 'state'>

/** True while somebody waits for a user's run to come to where it is wanted, or for one of its machines (`progress`: what is done with it). Pure. */
export function isOnItsWay({ purpose, wanted, state }: Whereabouts, progress?: Progress): boolean {
  if (purpose !== 'user') return false
  const next = decide(wanted, state)
  return next === 'watch' ? progress !== undefined : next !== 'rest'
}

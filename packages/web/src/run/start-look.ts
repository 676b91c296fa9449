import type { Play } from '@ramet/model/api/wire.ts'
import { refusal } from '@ramet/model/run/run-state.ts'

const labels: Record<NonNullable<Play['startKind']>, string> = { cold: 'Booted', warm: 'Started warm', resumed: 'Resumed' }

export interface StartLook {
  /** A word or two. */
  readonly label: string
  /** Why so, as a sentence; of a resumed one also of whom and when its memory is. */
  readonly reason: string
  /** For a badge: as much as there is to say shortly. */
  readonly badge: string
}

/** How a run that is up came up last; undefined while it is not. Pure. */
export function startLook({
  state,
  startKind,
  startReason = '',
}: Pick<Play, 'state' | 'startKind' | 'startReason'>): StartLook | undefined {
  if (startKind === undefined || refusal('open_terminal', state) !== undefined) return undefined
  const label = labels[startKind]
  const badge = startKind === 'resumed' && startReason !== '' ? startReason.replace(/\.$/, '') : label
  return { label, reason: startReason, badge }
}

import { type AtEnd, endOf } from '@ramet/model/run/lifetime.ts'
import type { RunRow } from '../store/schema.ts'

/** How long a run may be on at a time, and what is done with it then. */
export interface Lifetime {
  /** Null: without end. */
  readonly minutes: number | null
  readonly atEnd: AtEnd
}

export const endless: Lifetime = { minutes: null, atEnd: 'stop' }

export const lifetimeOf = (row: Pick<RunRow, 'max_play_minutes' | 'at_end'>): Lifetime => ({
  minutes: row.max_play_minutes,
  atEnd: row.at_end,
})

/** Columns of a run that is on since `sessionAt`; null: it is off. */
export const lifeColumns = ({ minutes, atEnd }: Lifetime, sessionAt: string | null) => ({
  max_play_minutes: minutes,
  at_end: atEnd,
  session_at: sessionAt,
  ends_at: sessionAt === null ? null : endOf(sessionAt, minutes),
})

/** What is done with a run when its time is over. Stopped, it keeps everything. */
export const atEnds = ['stop', 'destroy'] as const
export type AtEnd = (typeof atEnds)[number]

const minuteMs = 60_000
export const mostMinutes = 366 * 24 * 60

/** What `expiresIn` says of a run without an end, in ms: labctl shows 0 as `now`, and anything beyond 37 years as `a long while`. It counts in nanoseconds of 64 bits, which end after 292 years. */
export const neverMs = 100 * 365 * 24 * 60 * minuteMs

/** When a run that is on since `sessionAt` (RFC 3339) ends; null without an end. */
export const endOf = (sessionAt: string, minutes: number | null): string | null =>
  minutes === null ? null : new Date(Date.parse(sessionAt) + minutes * minuteMs).toISOString()

/** How long before its end a run warns of it: ten minutes, of a short one a fifth of its time. */
export const warningMs = (minutes: number): number => Math.min(10 * minuteMs, (minutes * minuteMs) / 5)

/** As Go prints a duration: `1h30m0s`. */
export function goDuration(minutes: number): string {
  const hours = Math.floor(minutes / 60)
  return hours > 0 ? `${hours}h${minutes % 60}m0s` : `${minutes}m0s`
}

/** For people: `1h30m`, `45m`. */
export const describeMinutes = (minutes: number): string =>
  goDuration(minutes)
    .replace(/0s$/, '')
    .replace(/(?<=h)0m$/, '')

interface Ending {
  readonly minutes: number | null
  readonly endsAt: string | null
  readonly atEnd: AtEnd
  readonly isOn: boolean
  readonly isOff: boolean
}

/** A sentence about the end of a run's time when it is near or was reached; undefined otherwise. `now`: ms since 1970. */
export function endingNotice({ minutes, endsAt, atEnd, isOn, isOff }: Ending, now: number): string | undefined {
  if (minutes === null || endsAt === null) return undefined
  const at = endsAt.slice(0, 16).replace('T', ' ')
  if (isOff) return `It was stopped at ${at} UTC, when its time of ${describeMinutes(minutes)} was over.`
  if (!isOn || now < Date.parse(endsAt) - warningMs(minutes)) return undefined
  const what = atEnd === 'stop' ? 'stopped' : 'destroyed, with all that is in it,'
  return `It will be ${what} at ${at} UTC, when its time of ${describeMinutes(minutes)} is over. More time: ramet playground lifetime ID 8h`
}

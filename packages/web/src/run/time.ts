const steps = [
  { unit: 'second', seconds: 1, below: 60 },
  { unit: 'minute', seconds: 60, below: 3600 },
  { unit: 'hour', seconds: 3600, below: 86_400 },
  { unit: 'day', seconds: 86_400, below: 7 * 86_400 },
  { unit: 'week', seconds: 7 * 86_400, below: 60 * 86_400 },
] as const

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })

/** `just now`, `5 minutes ago`, `yesterday`; older than two months: the date. Both times in milliseconds since 1970. */
export function formatAgo(at: number, now: number): string {
  const seconds = Math.max(0, (now - at) / 1000)
  // The clocks of browser and server may differ by a little.
  if (seconds < 10) return 'just now'
  const step = steps.find(({ below }) => seconds < below)
  if (step) return relative.format(-Math.floor(seconds / step.seconds), step.unit)
  return new Date(at).toISOString().slice(0, 10)
}

/** `0.8 s`, `12 s`, `3 min 20 s`, `2 h 5 min`: how long something took. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, ms) / 1000
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < 60) return `${Math.floor(seconds)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

const ages = [
  ['year', 365 * 24 * 3600],
  ['month', 30 * 24 * 3600],
  ['week', 7 * 24 * 3600],
  ['day', 24 * 3600],
  ['hour', 3600],
  ['minute', 60],
] as const

/** `3 hours ago`; `time` is RFC 3339. */
export function ago(time: string, nowMs: number = Date.now()): string {
  const seconds = (nowMs - Date.parse(time)) / 1000
  for (const [unit, length] of ages) {
    const count = Math.floor(seconds / length)
    if (count >= 1) return `${count} ${unit}${count === 1 ? '' : 's'} ago`
  }
  return 'just now'
}

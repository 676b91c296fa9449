import { invalidInput } from '../errors/errors.ts'

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** `90`, `90s`, `5m`, `1h30m` as milliseconds; a number alone is seconds. Throws `invalid_input`. */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)]
  const read = parts.map(([part]) => part).join('')
  if (/^\d+$/.test(text)) return Number(text) * 1000
  if (read === '' || read !== text) throw invalidInput(`${text} is not a duration.`, undefined, 'Such as 90s, 5m or 1h30m.')
  return parts.reduce((sum, [, count, unit = 's']) => sum + Number(count) * (unitMs[unit] ?? 0), 0)
}

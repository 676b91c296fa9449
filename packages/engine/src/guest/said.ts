import { visibleText } from '@ramet/model/units/visible-text.ts'

/**
 * What a guest says is what its root wants it to say: numbers of a thousand digits, text without end, bytes that steer a terminal. Each kind is read
 * here, by one function, within bounds.
 */

/** A whole number from 0 to `most`, in decimal digits; undefined when it is none. */
export function saidNumber(text: string | undefined, most: number): number | undefined {
  if (text === undefined || !/^\d{1,15}$/.test(text)) return undefined
  const number = Number(text)
  return number <= most ? number : undefined
}

/** A UUID, as the kernel prints its boot id; undefined when it is none. */
export const saidUuid = (text: string | undefined): string | undefined =>
  text !== undefined && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text) ? text : undefined

/** What went wrong in a guest, in its own words: short, without line ends around it, control characters made visible. */
export const saidReason = (text: string, most = 200): string => visibleText(text.slice(0, most).trim())

import { LayerFault } from './layer-fault.ts'

/** Records of a pax header by key; values are bytes (POSIX.1-2017 pax, "pax Extended Header"). Pairs in their order: sparse maps repeat keys. */
export type PaxRecords = readonly (readonly [key: string, value: Buffer])[]

/** Each record is `LENGTH KEY=VALUE\n`, LENGTH being that of the whole record. Throws LayerFault. */
export function parsePax(bytes: Buffer): PaxRecords {
  const records: [string, Buffer][] = []
  for (let at = 0; at < bytes.length; ) {
    const blank = bytes.indexOf(0x20, at)
    const digits = blank < 0 || blank - at > 9 ? '' : bytes.toString('latin1', at, blank)
    const end = at + Number(digits)
    if (!/^[1-9]\d*$/.test(digits) || end > bytes.length || end <= blank + 1 || bytes[end - 1] !== 0x0a)
      throw new LayerFault('a pax record is broken')
    const equals = bytes.indexOf(0x3d, blank + 1)
    if (equals < 0 || equals >= end) throw new LayerFault('a pax record has no value')
    records.push([bytes.toString('latin1', blank + 1, equals), bytes.subarray(equals + 1, end - 1)])
    at = end
  }
  return records
}

/** A decimal number of a record. */
export function paxNumber(value: Buffer, what: string): number {
  const digits = value.toString('latin1')
  if (!/^\d{1,16}$/.test(digits)) throw new LayerFault(`the ${what} is no number`)
  return Number(digits)
}

/** Seconds since 1970 with a fraction, as whole seconds and nanoseconds. */
export function paxTime(value: Buffer): { seconds: number; nanoseconds: number } {
  const match = /^(-?)(\d{1,12})(?:\.(\d*))?$/.exec(value.toString('latin1'))
  if (!match) throw new LayerFault('the time is no number')
  const nanoseconds = Number((match[3] ?? '').slice(0, 9).padEnd(9, '0'))
  const seconds = Number(match[2])
  if (match[1] === '') return { seconds, nanoseconds }
  return nanoseconds === 0 ? { seconds: 0 - seconds, nanoseconds } : { seconds: -seconds - 1, nanoseconds: 1e9 - nanoseconds }
}

import { readFile } from 'node:fs/promises'
import { RametError } from '@ramet/model/errors/error.ts'
import { invalidInput } from '@ramet/model/errors/errors.ts'
import { defaultUids, type UidRange } from '../run/run-uids.ts'

/** `FIRST-LAST`; undefined or empty: the default range. Throws `invalid_input`. */
export function parseUids(text: string | undefined): UidRange {
  if (!text) return defaultUids
  const [first = 0, last = 0] = /^(\d{1,10})-(\d{1,10})$/.exec(text)?.slice(1).map(Number) ?? []
  if (first >= 1000 && last >= first && last < 2 ** 31) return { first, count: last - first + 1 }
  throw invalidInput(`RAMET_UIDS must be a range such as 1900000000-1900065535, not ${JSON.stringify(text)}.`, 'RAMET_UIDS')
}

/** True when the numbers exist in this user namespace; pure. `map`: of user_namespaces(7), /proc/self/uid_map. */
export function isMapped({ first, count }: UidRange, map: string): boolean {
  const lines = map.split('\n').map((line) => line.trim().split(/\s+/).map(Number))
  return lines.some(([inside = 0, , length = 0]) => inside <= first && first + count <= inside + length)
}

/** Checks that files and processes can be given to these users: in a container only some numbers exist. Throws `uids_not_mapped`. */
export async function requireMapped(range: UidRange): Promise<void> {
  const map = await readFile('/proc/self/uid_map', 'utf8')
  if (isMapped(range, map)) return
  throw new RametError(
    'uids_not_mapped',
    409,
    `The users from ${range.first} to ${range.first + range.count - 1}, of which each run gets one, do not exist in this container.`,
    { hint: 'Name a range that does and that nobody else uses: RAMET_UIDS=FIRST-LAST. /proc/self/uid_map lists what there is.' },
  )
}

import type { GuestLink } from '../guest.ts'

const withinMs = 10_000
const largest = { bytes: 4000, lines: 8, line: 300 } as const

/**
 * Reads what the boot of a guest could not do and left alone, such as a drive that cannot be mounted (`initramfs/configure`). Returns sentences for people. They come from the
 * guest, so they are few, short and printable. Throws when the guest does not answer.
 */
export async function readTroubles(link: Pick<GuestLink, 'tool'>): Promise<string[]> {
  const { code, stdout } = await link.tool(['busybox', 'head', '-c', `${largest.bytes}`, '/run/ramet/troubles'], {
    timeoutMs: withinMs,
  })
  return code === 0 ? troublesIn(stdout) : []
}

/** Pure. */
export const troublesIn = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.replace(/\p{C}/gu, '?').slice(0, largest.line).trim())
    .filter(Boolean)
    .slice(0, largest.lines)

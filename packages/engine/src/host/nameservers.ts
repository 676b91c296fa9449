import { readFile } from 'node:fs/promises'

/**
 * Finds resolvers for guests: the host's, without those on its loopback, which guests cannot reach. systemd-resolved keeps the real ones in a file of
 * its own (systemd-resolved.service(8)).
 */
export async function hostNameservers(): Promise<string[]> {
  for (const file of ['/run/systemd/resolve/resolv.conf', '/etc/resolv.conf']) {
    const found = nameserversOf(await readFile(file, 'utf8').catch(() => ''))
    if (found.length > 0) return found
  }
  return []
}

/** IPv4 only: guests have no IPv6 to the outside. At most three, as in resolv.conf(5). */
export function nameserversOf(text: string): string[] {
  const addresses = text.split('\n').flatMap((line) => /^\s*nameserver\s+(\d{1,3}(?:\.\d{1,3}){3})\s*$/.exec(line)?.[1] ?? [])
  return addresses.filter((address) => !address.startsWith('127.')).slice(0, 3)
}

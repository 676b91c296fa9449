/** IPv4 addresses and prefixes as numbers; pure. Callers validated the text before (model's manifest rules). */
export interface Prefix {
  readonly base: number
  readonly length: number
}

export function parseAddress(text: string): number {
  const parts = text.split('.').map(Number)
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255)) {
    throw new Error(`not an IPv4 address: ${text}`)
  }
  return parts.reduce((sum, part) => sum * 256 + part, 0)
}

export const formatAddress = (address: number) => [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.')

/** `10.0.0.0/24`, or a lone address as a /32. Bits beyond the length are cleared. */
export function parsePrefix(text: string): Prefix {
  const [address = '', bits = '32'] = text.split('/')
  const length = Number(bits)
  if (!Number.isInteger(length) || length < 0 || length > 32) throw new Error(`not an IPv4 prefix: ${text}`)
  const size = 2 ** (32 - length)
  return { base: Math.floor(parseAddress(address) / size) * size, length }
}

export const formatPrefix = ({ base, length }: Prefix) => `${formatAddress(base)}/${length}`
export const sizeOf = ({ length }: Prefix) => 2 ** (32 - length)

export const overlaps = (a: Prefix, b: Prefix) => a.base < b.base + sizeOf(b) && b.base < a.base + sizeOf(a)

/** The address `index` places after the first of the prefix. */
export function addressAt(prefix: Prefix, index: number): string {
  if (index < 0 || index >= sizeOf(prefix)) throw new Error(`${formatPrefix(prefix)} has no address number ${index}`)
  return formatAddress(prefix.base + index)
}

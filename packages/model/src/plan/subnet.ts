/** IPv4 arithmetic. Addresses are unsigned 32-bit integers held in numbers; a subnet is its first address and the length of its prefix. */
export interface Subnet {
  readonly first: number
  readonly prefixLength: number
}

/** `10.0.0.1` to a number; undefined when it is no dotted quad. Leading zeros are refused, since some parsers read them as octal. */
export function parseAddress(text: string): number | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  let address = 0
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined
    address = address * 256 + Number(part)
  }
  return address
}

export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.')
}

/** Addresses in a prefix of this length, network and broadcast address included. */
export const addressCount = (prefixLength: number): number => 2 ** (32 - prefixLength)

/** The subnet of this prefix length that holds `address`. */
export function subnetAround(address: number, prefixLength: number): Subnet {
  return { first: address - (address % addressCount(prefixLength)), prefixLength }
}

/** `10.0.0.7/24` to address and prefix length, host bits kept. */
export function parseAddressWithMask(text: string): { address: number; prefixLength: number } | undefined {
  const [left, right, ...rest] = text.split('/')
  const address = parseAddress(left ?? '')
  if (address === undefined || right === undefined || rest.length > 0 || !/^(0|[1-9]\d?)$/.test(right)) return undefined
  const prefixLength = Number(right)
  return prefixLength > 32 ? undefined : { address, prefixLength }
}

/** `10.0.0.0/24` to a subnet; undefined when it is none or has host bits set. */
export function parseSubnet(text: string): Subnet | undefined {
  const parsed = parseAddressWithMask(text)
  if (parsed === undefined) return undefined
  const subnet = subnetAround(parsed.address, parsed.prefixLength)
  return subnet.first === parsed.address ? subnet : undefined
}

export const formatSubnet = (subnet: Subnet): string => `${formatAddress(subnet.first)}/${subnet.prefixLength}`

/** The last address of the subnet: its broadcast address. */
export const lastAddress = (subnet: Subnet): number => subnet.first + addressCount(subnet.prefixLength) - 1

export const contains = (subnet: Subnet, address: number): boolean => address >= subnet.first && address <= lastAddress(subnet)

/** True for an address that a machine may have: inside, and neither network nor broadcast address. */
export const isHostAddress = (subnet: Subnet, address: number): boolean => address > subnet.first && address < lastAddress(subnet)

export const overlaps = (a: Subnet, b: Subnet): boolean => contains(a, b.first) || contains(b, a.first)

/** The lowest host address that is not in `taken`, from `from` on; undefined when the subnet is full. */
export function nextFreeHost(subnet: Subnet, taken: ReadonlySet<number>, from = subnet.first + 1): number | undefined {
  for (let address = from; address < lastAddress(subnet); address += 1) if (!taken.has(address)) return address
  return undefined
}

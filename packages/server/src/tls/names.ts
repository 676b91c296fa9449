import { isIP } from 'node:net'

export interface NamesOptions {
  /** Where the server listens. */
  readonly host: string
  readonly publicUrl: string | undefined
  /** Further names of the server. */
  readonly names: readonly string[]
  readonly portsDomain: string
  /** Of the host. */
  readonly addresses: readonly string[]
}

export interface CertificateNames {
  /** Of the server's certificate. */
  readonly own: readonly string[]
  /** What the authority may vouch for: domains with all below them, ranges of addresses. */
  readonly permitted: readonly string[]
}

/** Addresses that anybody may have at home: a new lease of DHCP needs no new authority. */
const privateRanges = [
  '127.0.0.0/8',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16',
  '::1/128',
  'fc00::/7',
  'fe80::/10',
]

/** The names under which a server can be reached, by its configuration and, where it listens on all addresses, its host's. */
export function certificateNames({
  host,
  publicUrl,
  names,
  portsDomain,
  addresses: hostAddresses,
}: NamesOptions): CertificateNames {
  const isEverywhere = host === '0.0.0.0' || host === '::'
  const said = [...(publicUrl === undefined ? [] : [new URL(publicUrl).hostname.replace(/^\[|\]$/g, '')]), ...names]
  const addresses = [
    '127.0.0.1',
    '::1',
    ...(isEverywhere ? hostAddresses : isIP(host) === 0 ? [] : [host]),
    ...said.filter((name) => isIP(name) !== 0),
  ]
  const hosts = ['localhost', ...(isIP(host) === 0 ? [host] : []), ...said.filter((name) => isIP(name) === 0)]
  return {
    own: unique([...hosts, '*.localhost', `*.${portsDomain}`, ...addresses]),
    permitted: unique([...hosts, portsDomain, ...privateRanges, ...addresses.filter((each) => !isPrivate(each)).map(alone)]),
  }
}

const isPrivate = (address: string): boolean =>
  /^(127|10|192\.168|169\.254|172\.(1[6-9]|2\d|3[01]))\.|^::1$|^f[cd][0-9a-f]{2}:/i.test(address)

const alone = (address: string): string => `${address}/${isIP(address) === 4 ? 32 : 128}`

const unique = (names: readonly string[]): string[] => [...new Set(names)].sort()

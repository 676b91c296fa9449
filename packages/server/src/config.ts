import { isIP } from 'node:net'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { BackgroundClass, HostConfig } from '@ramet/engine'
import { type Limits, limitNames, parseLimits } from '@ramet/model/access/limits.ts'
import { invalidInput } from '@ramet/model/errors/errors.ts'
import { parseBytes } from '@ramet/model/units/bytes.ts'
import { parseDuration } from '@ramet/model/units/duration.ts'
import { readSignIn, type SignInSettings, signInFlags } from './sign-in/sign-in-settings.ts'
import { defaultBound } from './storage/layers/plan-merge.ts'

export interface Config {
  /** Folder of everything of this installation; absolute. */
  readonly home: string
  /** `postgres://…`; undefined: SQLite in the home. */
  readonly database: string | undefined
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** Of the gateway for plain ssh. 0: any free port; undefined: none. */
  readonly sshPort: number | undefined
  /** Of https, beside http. 0: any free port; undefined: none. */
  readonly httpsPort: number | undefined
  /** Files with a certificate and key of one's own, absolute; undefined: the server makes its own. */
  readonly tlsFiles: { readonly certificate: string; readonly key: string } | undefined
  /** The server's address for people, such as `https://lab.example.net`; undefined: where it listens. */
  readonly publicUrl: string | undefined
  /** Published ports are `NAME.` this. */
  readonly portsDomain: string
  /** The host's address where plain TCP and UDP ports of runs are opened, unless an admin asks for another; undefined: none are. */
  readonly hostPorts: string | undefined
  /** Downloads and builds that can be made again; may be shared by several homes. Absolute. */
  readonly cache: string
  /** Folder of a team's own playgrounds, absolute; undefined: there is none. */
  readonly catalog: string | undefined
  /** Further host names under which browsers may reach the server, for instance behind a proxy. */
  readonly names: readonly string[]
  /** Bytes that stopped runs and saved playgrounds may take; clone and save are refused beyond. */
  readonly quotaBytes: number
  /** Most layers below a drive's overlay. Longer chains are shortened where nothing is shared. */
  readonly maxLayers: number
  /** Bytes of memory for all running runs together; undefined: the host's memory without what the host needs itself. */
  readonly memoryBytes: number | undefined
  /** What one user may have at a time (model's `limits.ts`). */
  readonly limits: Limits
  /** Who else says who people are. */
  readonly signIn: SignInSettings
  /** Milliseconds after which entries of the audit log are forgotten. */
  readonly auditForMs: number
  /** Entries of the audit log that are kept of each person. */
  readonly auditEntries: number
  /** What VMs run with. `auto`: KVM where a guest boots with it. */
  readonly accelerator: NonNullable<HostConfig['accelerator']>
  /** What is built from folders with a Dockerfile reaches the host's network, all of it; otherwise none. */
  readonly buildNetwork: boolean
  /** Keep official playgrounds warm: their later starts resume a snapshot instead of booting. */
  readonly warmStarts: boolean
  /** How many milliseconds after its last start an official playground has a spare; undefined: no spares. */
  readonly spareForMs: number | undefined
  /** Quiet milliseconds without an action before background work begins. */
  readonly quietForMs: number
  /** How background work that is a program of its own runs. */
  readonly background: BackgroundClass
  /** Milliseconds after which memory of stopped runs that nobody resumed is compressed; undefined: never. */
  readonly packMemoryAfterMs: number | undefined
}

export const defaultHome = '/var/lib/ramet'

const options = {
  home: { type: 'string' },
  database: { type: 'string' },
  host: { type: 'string' },
  port: { type: 'string' },
  'ssh-port': { type: 'string' },
  'https-port': { type: 'string' },
  'tls-cert': { type: 'string' },
  'tls-key': { type: 'string' },
  'public-url': { type: 'string' },
  'ports-domain': { type: 'string' },
  'host-ports': { type: 'string' },
  cache: { type: 'string' },
  catalog: { type: 'string' },
  name: { type: 'string', multiple: true },
  quota: { type: 'string' },
  'max-layers': { type: 'string' },
  memory: { type: 'string' },
  limits: { type: 'string' },
  accelerator: { type: 'string' },
  'build-network': { type: 'string' },
  'audit-for': { type: 'string' },
  'audit-entries': { type: 'string' },
  'warm-starts': { type: 'string' },
  'spare-for': { type: 'string' },
  'quiet-for': { type: 'string' },
  background: { type: 'string' },
  'pack-memory-after': { type: 'string' },
  ...signInFlags,
} as const

const usage =
  'Flags: --home FOLDER, --database URL, --host ADDRESS, --port NUMBER, --ssh-port NUMBER|off, --https-port NUMBER|off, --tls-cert FILE, --tls-key FILE, --public-url URL, --ports-domain DOMAIN, --host-ports ADDRESS|off, --cache FOLDER, --catalog FOLDER, --name HOSTNAME (several times), --quota SIZE, --memory SIZE, --limits NAME=NUMBER,…, --max-layers NUMBER, --audit-for DURATION, --audit-entries NUMBER, --accelerator auto|kvm|tcg, --build-network on|off, --warm-starts on|off, --spare-for DURATION, --quiet-for DURATION, --background idle|low, --pack-memory-after DURATION; and those of sign-in by others, --oidc-… and --github-… (README.md).'

/**
 * Flags win over RAMET_HOME, RAMET_DATABASE, RAMET_HOST, RAMET_PORT, RAMET_SSH_PORT, RAMET_HTTPS_PORT, RAMET_TLS_CERT, RAMET_TLS_KEY, RAMET_PUBLIC_URL, RAMET_PORTS_DOMAIN, RAMET_HOST_PORTS, RAMET_CACHE, RAMET_CATALOG, RAMET_QUOTA, RAMET_MEMORY, RAMET_LIMITS, RAMET_MAX_LAYERS, RAMET_AUDIT_FOR, RAMET_AUDIT_ENTRIES, RAMET_BUILD_NETWORK, RAMET_WARM_STARTS, RAMET_SPARE_FOR, RAMET_QUIET_FOR, RAMET_BACKGROUND, RAMET_PACK_MEMORY_AFTER and RAMET_NAMES
 * (comma-separated). Throws invalid_input naming the flag.
 */
export function readConfig(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Config {
  const flags = parseFlags(argv)
  const memory = flags.memory ?? env.RAMET_MEMORY
  const catalog = flags.catalog ?? env.RAMET_CATALOG
  const home = resolve(flags.home ?? (env.RAMET_HOME || defaultHome))
  const port = parsePort(flags.port ?? (env.RAMET_PORT || '8420'), flags.port === undefined ? 'RAMET_PORT' : '--port')
  const names = flags.name ?? (env.RAMET_NAMES ?? '').split(',').map((name) => name.trim())
  return {
    home,
    database: parseDatabase(flags.database ?? env.RAMET_DATABASE, flags.database === undefined ? 'RAMET_DATABASE' : '--database'),
    host: flags.host ?? (env.RAMET_HOST || '127.0.0.1'),
    port,
    sshPort: parsePortOrOff(
      flags['ssh-port'] ?? (env.RAMET_SSH_PORT || beside(port, 1)),
      flags['ssh-port'] === undefined ? 'RAMET_SSH_PORT' : '--ssh-port',
    ),
    httpsPort: parsePortOrOff(
      flags['https-port'] ?? (env.RAMET_HTTPS_PORT || beside(port, 2)),
      flags['https-port'] === undefined ? 'RAMET_HTTPS_PORT' : '--https-port',
    ),
    tlsFiles: tlsFiles(flags['tls-cert'] ?? env.RAMET_TLS_CERT, flags['tls-key'] ?? env.RAMET_TLS_KEY),
    publicUrl: parsePublicUrl(
      flags['public-url'] ?? env.RAMET_PUBLIC_URL,
      flags['public-url'] === undefined ? 'RAMET_PUBLIC_URL' : '--public-url',
    ),
    portsDomain: parseDomain(
      flags['ports-domain'] ?? (env.RAMET_PORTS_DOMAIN || 'localhost'),
      flags['ports-domain'] === undefined ? 'RAMET_PORTS_DOMAIN' : '--ports-domain',
    ),
    hostPorts: parseAddressOrOff(
      flags['host-ports'] ?? (env.RAMET_HOST_PORTS || '127.0.0.1'),
      flags['host-ports'] === undefined ? 'RAMET_HOST_PORTS' : '--host-ports',
    ),
    cache: resolve(flags.cache ?? (env.RAMET_CACHE || join(home, 'cache'))),
    catalog: catalog ? resolve(catalog) : undefined,
    quotaBytes: parseSize(flags.quota ?? (env.RAMET_QUOTA || '100GiB'), flags.quota === undefined ? 'RAMET_QUOTA' : '--quota'),
    memoryBytes: memory ? parseSize(memory, flags.memory === undefined ? 'RAMET_MEMORY' : '--memory') : undefined,
    limits: parseLimitList(flags.limits ?? (env.RAMET_LIMITS || ''), flags.limits === undefined ? 'RAMET_LIMITS' : '--limits'),
    accelerator: parseAccelerator(
      flags.accelerator ?? (env.RAMET_ACCELERATOR || 'auto'),
      flags.accelerator === undefined ? 'RAMET_ACCELERATOR' : '--accelerator',
    ),
    buildNetwork: parseSwitch(
      flags['build-network'] ?? (env.RAMET_BUILD_NETWORK || 'off'),
      flags['build-network'] === undefined ? 'RAMET_BUILD_NETWORK' : '--build-network',
    ),
    signIn: readSignIn(flags, env),
    auditForMs: parseWait(
      flags['audit-for'] ?? (env.RAMET_AUDIT_FOR || '4320h'),
      flags['audit-for'] === undefined ? 'RAMET_AUDIT_FOR' : '--audit-for',
      'a duration such as 4320h',
    ),
    auditEntries: parseEntries(
      flags['audit-entries'] ?? (env.RAMET_AUDIT_ENTRIES || '50000'),
      flags['audit-entries'] === undefined ? 'RAMET_AUDIT_ENTRIES' : '--audit-entries',
    ),
    warmStarts: parseSwitch(
      flags['warm-starts'] ?? (env.RAMET_WARM_STARTS || 'on'),
      flags['warm-starts'] === undefined ? 'RAMET_WARM_STARTS' : '--warm-starts',
    ),
    spareForMs: parseDurationOrNever(
      flags['spare-for'] ?? (env.RAMET_SPARE_FOR || '30m'),
      flags['spare-for'] === undefined ? 'RAMET_SPARE_FOR' : '--spare-for',
    ),
    quietForMs: parseQuiet(
      flags['quiet-for'] ?? (env.RAMET_QUIET_FOR || '1m'),
      flags['quiet-for'] === undefined ? 'RAMET_QUIET_FOR' : '--quiet-for',
    ),
    background: parseBackground(
      flags.background ?? (env.RAMET_BACKGROUND || 'idle'),
      flags.background === undefined ? 'RAMET_BACKGROUND' : '--background',
    ),
    packMemoryAfterMs: parseDurationOrNever(
      flags['pack-memory-after'] ?? (env.RAMET_PACK_MEMORY_AFTER || '24h'),
      flags['pack-memory-after'] === undefined ? 'RAMET_PACK_MEMORY_AFTER' : '--pack-memory-after',
    ),
    names: names.filter((name) => name !== '').map((name) => name.toLowerCase()),
    maxLayers: parseMaxLayers(
      flags['max-layers'] ?? (env.RAMET_MAX_LAYERS || String(defaultBound)),
      flags['max-layers'] === undefined ? 'RAMET_MAX_LAYERS' : '--max-layers',
    ),
  }
}

function parseFlags(argv: readonly string[]) {
  try {
    const { values } = parseArgs({ args: [...argv], options, strict: true, allowPositionals: false })
    for (const [flag, value] of Object.entries(values)) {
      if (value === '') throw new Error(`--${flag} needs a value.`)
    }
    return values
  } catch (error) {
    throw invalidInput((error as Error).message, undefined, usage)
  }
}

/** The URL itself is in no message: it may have a password in it. */
function parseDatabase(url: string | undefined, where: string): string | undefined {
  if (!url) return undefined
  if (/^postgres(ql)?:\/\/\S+$/.test(url)) return url
  throw invalidInput(`${where} must be a URL such as postgres://USER:PASSWORD@HOST/DATABASE.`, where)
}

function parseSize(text: string, where: string): number {
  const bytes = parseBytes(text)
  if (bytes !== undefined) return bytes
  throw invalidInput(`${where} must be a size such as 100GiB, not ${JSON.stringify(text)}.`, where)
}

function parseLimitList(text: string, where: string): Limits {
  const limits = parseLimits(text)
  if (limits) return limits
  throw invalidInput(
    `${where} must be such as runs=5000,sockets=1000, not ${JSON.stringify(text)}.`,
    where,
    `Each of: ${limitNames.join(', ')}.`,
  )
}

function parseSwitch(text: string, where: string): boolean {
  if (text === 'on' || text === 'off') return text === 'on'
  throw invalidInput(`${where} must be on or off, not ${JSON.stringify(text)}.`, where)
}

function parseAccelerator(text: string, where: string): Config['accelerator'] {
  if (text === 'auto' || text === 'kvm' || text === 'tcg') return text
  throw invalidInput(`${where} must be auto, kvm or tcg, not ${JSON.stringify(text)}.`, where)
}

function parseBackground(text: string, where: string): BackgroundClass {
  if (text === 'idle' || text === 'low') return text
  throw invalidInput(`${where} must be idle or low, not ${JSON.stringify(text)}.`, where)
}

function parsePort(text: string, where: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= 65535) return port
  throw invalidInput(`${where} must be a port from 0 to 65535, not ${JSON.stringify(text)}.`, where)
}

const parsePortOrOff = (text: string, where: string): number | undefined => (text === 'off' ? undefined : parsePort(text, where))

/** Where the API takes any free port, so does what listens beside it. */
const beside = (port: number, after: number): string => String(port === 0 ? 0 : Math.min(port + after, 65535))

function tlsFiles(certificate: string | undefined, key: string | undefined): Config['tlsFiles'] {
  if (!certificate && !key) return undefined
  if (certificate && key) return { certificate: resolve(certificate), key: resolve(key) }
  throw invalidInput('A certificate and its key are given together.', certificate ? '--tls-key' : '--tls-cert')
}

function parsePublicUrl(text: string | undefined, where: string): string | undefined {
  if (!text) return undefined
  const url = URL.parse(text)
  if (url && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search + url.hash + url.username === '')
    return url.origin
  throw invalidInput(`${where} must be an address such as https://lab.example.net, not ${JSON.stringify(text)}.`, where)
}

function parseDomain(text: string, where: string): string {
  const domain = text.toLowerCase()
  const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?'
  // An address has no names below it: the last label of a domain is no number (WHATWG URL, 3.5).
  if (domain.length <= 200 && new RegExp(`^(${label}\\.)*${label}$`).test(domain) && !/(^|\.)\d+$/.test(domain)) return domain
  throw invalidInput(`${where} must be a domain such as ports.example.net, not ${JSON.stringify(text)}.`, where)
}

function parseAddressOrOff(text: string, where: string): string | undefined {
  if (text === 'off' || isIP(text) > 0) return text === 'off' ? undefined : text
  throw invalidInput(
    `${where} must be an address of this host such as 127.0.0.1 or 0.0.0.0, or off, not ${JSON.stringify(text)}.`,
    where,
  )
}

const parseDurationOrNever = (text: string, where: string): number | undefined =>
  text === 'never' ? undefined : parseWait(text, where, 'a duration such as 24h, or never')

const parseQuiet = (text: string, where: string): number => parseWait(text, where, 'a duration such as 1m')

function parseWait(text: string, where: string, what: string): number {
  try {
    return parseDuration(text)
  } catch {
    throw invalidInput(`${where} must be ${what}, not ${JSON.stringify(text)}.`, where)
  }
}

function parseEntries(text: string, where: string): number {
  if (/^[1-9]\d{1,7}$/.test(text)) return Number(text)
  throw invalidInput(`${where} must be a number from 10 to 99999999, not ${JSON.stringify(text)}.`, where)
}

function parseMaxLayers(text: string, where: string): number {
  const bound = Number(text)
  if (/^\d{1,3}$/.test(text) && bound >= 2) return bound
  throw invalidInput(`${where} must be a number from 2 to 999, not ${JSON.stringify(text)}.`, where)
}

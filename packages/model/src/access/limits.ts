import { RametError } from '../errors/error.ts'

/** A bound on what one user has at a time. */
interface Limit {
  /** The bound unless the server is configured otherwise. No person meets it. */
  readonly most: number
  /** What is counted, for the docs. */
  readonly counts: string
  readonly code: string
  readonly status: 409 | 413 | 429
  says(most: number): string
  readonly hint: string
}

/**
 * The one table of limits a user. The server is given others by `--limits runs=5000,sockets=500` or RAMET_LIMITS. Bytes on the disk have a limit of their own (`--quota`), memory too
 * (`--memory`), and so has what one manifest may hold (`manifest.ts`).
 */
export const limitTable = {
  runs: {
    most: 2000,
    counts: 'runs that have not been destroyed',
    code: 'too_many_runs',
    status: 409,
    says: (most) => `You would have more than ${most} runs.`,
    hint: 'Destroy some that you no longer need: ramet playground list -a',
  },
  'runs-on': {
    most: 200,
    counts: 'runs that are on, starting or stopping',
    code: 'too_many_runs_on',
    status: 409,
    says: (most) => `You would have more than ${most} runs that are on.`,
    hint: 'Stop some that you do not need now: ramet playground stop ID',
  },
  playgrounds: {
    most: 1000,
    counts: 'playgrounds of one’s own',
    code: 'too_many_playgrounds',
    status: 409,
    says: (most) => `You have ${most} playgrounds; more are not kept.`,
    hint: 'Remove some that you no longer need: ramet playground catalog -f my-custom',
  },
  groups: {
    most: 100,
    counts: 'groups of one’s own',
    code: 'too_many_groups',
    status: 409,
    says: (most) => `You have ${most} groups; more are not kept.`,
    hint: 'Remove some that you no longer need: ramet group ls',
  },
  'clone-requests': {
    most: 8,
    counts: 'clone and save requests under way',
    code: 'too_many_clone_requests',
    status: 429,
    says: (most) => `${most} clones and saves are under way already.`,
    hint: 'Wait until one of them is done, or ask for several clones at once with --count.',
  },
  'event-streams': {
    most: 100,
    counts: 'open streams of events (a browser window has one)',
    code: 'too_many_event_streams',
    status: 429,
    says: (most) => `You have ${most} streams of events open.`,
    hint: 'Close some windows of the dashboard, or programs that follow events.',
  },
  sockets: {
    most: 500,
    counts: 'open websockets: terminals, commands, consoles, live status',
    code: 'too_many_sockets',
    status: 429,
    says: (most) => `You have ${most} terminals, commands and consoles open.`,
    hint: 'Close some terminals, or wait until commands are over.',
  },
  'port-requests': {
    most: 1000,
    counts: 'requests and websockets under way to private ports',
    code: 'too_many_port_requests',
    status: 429,
    says: (most) => `${most} requests to private ports of yours are under way.`,
    hint: 'Wait until some are over, or see which there are: ramet expose list',
  },
  // Their visitors are not their owner: what these do takes nothing from him.
  'public-port-requests': {
    most: 1000,
    counts: 'requests and websockets under way to public ports',
    code: 'too_many_port_requests',
    status: 429,
    says: (most) => `${most} requests to public ports of their owner are under way.`,
    hint: 'Wait until some are over.',
  },
  'host-connections': {
    most: 1000,
    counts: 'connections and UDP flows by ports of the host',
    code: 'too_many_host_connections',
    status: 429,
    says: (most) => `${most} connections by ports of the host are open to runs of yours.`,
    hint: 'Wait until some are over.',
  },
  'published-ports': {
    most: 500,
    counts: 'published ports and shells of runs that have not been destroyed',
    code: 'too_many_published_ports',
    status: 409,
    says: (most) => `You have ${most} published ports; more are not kept.`,
    hint: 'Remove some: ramet expose list, ramet expose remove',
  },
  'manifest-checks': {
    most: 8,
    counts: 'manifests that are being read or wait for it',
    code: 'too_many_manifest_checks',
    status: 429,
    says: (most) => `${most} of your manifests are being read already.`,
    hint: 'Wait until one of them has been answered.',
  },
} as const satisfies Record<string, Limit>

export type LimitName = keyof typeof limitTable
export type Limits = Readonly<Record<LimitName, number>>

export const limitNames = Object.keys(limitTable) as LimitName[]
export const defaultLimits = Object.fromEntries(limitNames.map((name) => [name, limitTable[name].most])) as Limits

/** The refusal of what would go beyond a limit. */
export function limitReached(name: LimitName, limits: Limits = defaultLimits): RametError {
  const { code, status, says, hint }: Limit = limitTable[name]
  return new RametError(code, status, says(limits[name]), { hint: `${hint} The server’s --limits ${name}=NUMBER allows more.` })
}

/** Reads `runs=5000,sockets=500`; what is not named has its default. Undefined when it is no such text. */
export function parseLimits(text: string): Limits | undefined {
  const limits: Record<LimitName, number> = { ...defaultLimits }
  for (const part of text.split(',').filter((one) => one.trim() !== '')) {
    const [name = '', value = ''] = part.split('=').map((side) => side.trim())
    if (!Object.hasOwn(limitTable, name) || !/^[1-9]\d{0,8}$/.test(value)) return undefined
    limits[name as LimitName] = Number(value)
  }
  return limits
}

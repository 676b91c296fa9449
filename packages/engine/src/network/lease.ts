import { createHash } from 'node:crypto'
import { poolExhausted } from '@ramet/model/errors/errors.ts'
import { Claims } from '../disk/claims.ts'
import { run } from '../process/run-process.ts'
import { formatPrefix, overlaps, type Prefix, parsePrefix, sizeOf } from './ipv4.ts'

export interface LeaseOptions {
  readonly pool: string
  /** Default /run/ramet/leases: forgotten at a reboot of the host, as the addresses are. */
  readonly folder?: string
  /** What the host already uses; default: asks `ip`. `device`: the interface it is used on. */
  readonly used?: () => Promise<readonly UsedPrefix[]>
}

export interface UsedPrefix extends Prefix {
  readonly device: string | undefined
}

const leaseLength = 28
const leaseSize = 2 ** (32 - leaseLength)

/** /28s of runs, one claim each (`198.18.0.16`), shared by all servers on the host. */
export class Leases {
  readonly #pool: Prefix
  readonly #claims: Claims
  readonly #used: () => Promise<readonly UsedPrefix[]>

  constructor({ pool, folder = '/run/ramet/leases', used = usedByHost }: LeaseOptions) {
    this.#pool = parsePrefix(pool)
    if (this.#pool.length > leaseLength) throw new Error(`the pool ${pool} has no room for a /${leaseLength}`)
    this.#claims = new Claims(folder, /^\d+(\.\d+){3}$/)
    this.#used = used
  }

  /** The run's lease; a new one when it has none. Throws `pool_exhausted`. */
  async take(installation: string, runId: string, prefer?: string): Promise<string> {
    const mine = await this.#claims.of(installation, runId)
    if (mine) return `${mine.name}/${leaseLength}`
    const claimed = new Set((await this.#claims.list()).map(({ name }) => `${name}/${leaseLength}`))
    const used = await this.#used()
    for (const candidate of this.#candidates(runId, prefer)) {
      const lease = formatPrefix(candidate)
      if (claimed.has(lease)) continue
      // A route of our own may still stand where a run's lease was forgotten with /run: the one it asks for again.
      const foreign = used.filter((item) => lease !== prefer || item.device?.startsWith(`r${installation}-`) !== true)
      if (foreign.some((item) => overlaps(item, candidate))) continue
      if (await this.#claims.claim({ name: fileOf(lease), installation, runId })) return lease
    }
    throw poolExhausted(formatPrefix(this.#pool))
  }

  async release(installation: string, runId: string): Promise<void> {
    await this.#claims.release(installation, runId)
  }

  /** Run ids of the installation that hold a lease. */
  async holders(installation: string): Promise<string[]> {
    const claims = await this.#claims.list()
    return claims.filter((claim) => claim.installation === installation).map((claim) => claim.runId)
  }

  /** Preferred first, then all of the pool from a place that depends on the run, so that few ask for the same at once. */
  *#candidates(runId: string, prefer: string | undefined): Generator<Prefix> {
    if (prefer !== undefined) {
      const prefix = parsePrefix(prefer)
      if (prefix.length === leaseLength && overlaps(prefix, this.#pool)) yield prefix
    }
    const count = sizeOf(this.#pool) / leaseSize
    const first = createHash('sha256').update(runId).digest().readUInt32BE(0) % count
    for (let step = 0; step < count; step += 1)
      yield { base: this.#pool.base + ((first + step) % count) * leaseSize, length: leaseLength }
  }
}

const fileOf = (lease: string) => lease.split('/')[0] ?? lease

/** What runs of ours have meanwhile is known by their claims. Ten clones that start at once ask once. */
const knownForMs = 1_000
let known: { readonly at: number; readonly used: Promise<readonly UsedPrefix[]> } | undefined

function usedByHost(): Promise<readonly UsedPrefix[]> {
  if (known && performance.now() - known.at < knownForMs) return known.used
  const used = lookAtHost()
  known = { at: performance.now(), used }
  used.catch(() => (known = undefined))
  return used
}

/** Every address and every route of every table, but the default ones. */
async function lookAtHost(): Promise<UsedPrefix[]> {
  const [routes, addresses] = await Promise.all([
    run(['ip', '-4', '-json', 'route', 'show', 'table', 'all']),
    run(['ip', '-4', '-json', 'address', 'show']),
  ])
  const listed = <T>(text: string) => (text.trim() === '' ? [] : (JSON.parse(text) as T[]))
  return [
    ...listed<{ dst: string; dev?: string }>(routes.stdout)
      .filter((route) => route.dst !== 'default')
      .map((route) => ({ ...parsePrefix(route.dst), device: route.dev }))
      // VPNs say `default` as 0.0.0.0/1 and 128.0.0.0/1; ours are more specific.
      .filter((route) => route.length >= 8),
    ...listed<{ ifname?: string; addr_info?: { local?: string; prefixlen?: number }[] }>(addresses.stdout).flatMap((item) =>
      (item.addr_info ?? []).flatMap(({ local, prefixlen }) =>
        local === undefined ? [] : [{ ...parsePrefix(`${local}/${prefixlen ?? 32}`), device: item.ifname }],
      ),
    ),
  ]
}

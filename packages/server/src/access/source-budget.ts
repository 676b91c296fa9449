import { isIPv6 } from 'node:net'
import { tooManyRequests } from '@ramet/model/errors/errors.ts'

export interface SourceBudgetOptions {
  /** Requests that a source may send at once, and each second after that. A page of the dashboard is thirty. */
  readonly burst?: number
  readonly perSecond?: number
  /** Sources remembered; the one that was quiet for longest is forgotten first. */
  readonly mostSources?: number
  readonly now?: () => number
}

interface Bucket {
  left: number
  at: number
}

/** Bounds how many requests come from one address without valid credentials, so that strangers cost little. */
export class SourceBudget {
  readonly #burst: number
  readonly #perSecond: number
  readonly #mostSources: number
  readonly #now: () => number
  /** By source, the quietest first. */
  readonly #buckets = new Map<string, Bucket>()

  constructor({ burst = 1000, perSecond = 50, mostSources = 10_000, now = Date.now }: SourceBudgetOptions = {}) {
    this.#burst = burst
    this.#perSecond = perSecond
    this.#mostSources = mostSources
    this.#now = now
  }

  /** Counts one request. Throws too_many_requests when the source has none left. */
  spend(address: string | undefined): void {
    const source = sourceOf(address)
    const at = this.#now()
    const bucket = this.#buckets.get(source) ?? { left: this.#burst, at }
    this.#buckets.delete(source)
    this.#buckets.set(source, bucket)
    for (const quietest of this.#buckets.keys()) {
      if (this.#buckets.size <= this.#mostSources) break
      this.#buckets.delete(quietest)
    }
    bucket.left = Math.min(this.#burst, bucket.left + ((at - bucket.at) / 1000) * this.#perSecond)
    bucket.at = at
    if (bucket.left < 1) throw tooManyRequests()
    bucket.left -= 1
  }
}

/** Who an address counts as: a host's IPv6 addresses are all of its /64. */
export function sourceOf(address = ''): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '')
  return isIPv6(plain) ? networkOf(plain) : plain
}

/** The first four groups of an IPv6 address, written out. */
function networkOf(address: string): string {
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? []
  const first = head === '' ? [] : head.split(':')
  const last = tail ? tail.split(':') : []
  const all = tail === undefined ? first : [...first, ...Array(Math.max(0, 8 - first.length - last.length)).fill('0'), ...last]
  return all.slice(0, 4).join(':')
}

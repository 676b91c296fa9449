import { type AuditAction, oftenTold } from '@ramet/model/access/audited.ts'
import { can, platform } from '@ramet/model/access/can.ts'
import type { AuditEntry, AuditQuery } from '@ramet/model/api/audit.ts'
import { notFound, notPermitted } from '@ramet/model/errors/errors.ts'
import type { Audit, User } from '../services.ts'
import { countAuditEntry, listAudit, putAuditEntry, trimAudit } from '../store/audit.ts'
import { type Db, transaction } from '../store/database.ts'
import type { AuditRow } from '../store/schema.ts'
import { findUser } from '../store/users.ts'
import { Entry, type EntrySink } from './entry.ts'

export interface AuditOptions {
  readonly db: Db
  /** Entries whose last time is longer ago are forgotten. */
  readonly keepMs: number
  /** Entries that are kept of each person, and of all who are unknown together. */
  readonly mostOfEach: number
  /** The log cannot be written: what it would tell has happened all the same. */
  onError(error: unknown): void
  readonly now?: () => Date
}

/** What comes again within so long is counted, not written again. */
const againMs = 10 * 60_000
/** What may be counted at once. Beyond, it is written again. */
const mostCounted = 5000
const flushEveryMs = 10_000
const trimEveryMs = 3600_000
const trimAfterEntries = 5000

interface Repeated {
  readonly id: string
  readonly until: number
  more: number
  lastAt: string
}

/** Who did what. Writes entries, counts what repeats itself, forgets what is old, and shows each person what is his. */
export class AuditLog implements Audit, EntrySink, AsyncDisposable {
  readonly #options: AuditOptions
  readonly #now: () => Date
  readonly #repeated = new Map<string, Repeated>()
  readonly #timer: NodeJS.Timeout
  #sinceTrim = 0
  #flushedAt = 0

  constructor(options: AuditOptions) {
    this.#options = options
    this.#now = options.now ?? (() => new Date())
    this.#timer = setInterval(() => void this.trim().catch(options.onError), trimEveryMs)
    this.#timer.unref()
  }

  begin(action: AuditAction, address: string | undefined): Entry {
    return new Entry(this, action, address, this.#now())
  }

  async put(row: AuditRow, { trx, isAgain = false }: { readonly trx?: Db; readonly isAgain?: boolean } = {}): Promise<void> {
    // In a transaction a fault is the transaction's.
    if (trx) return putAuditEntry(trx, row)
    try {
      if (!isAgain && (row.outcome !== 'ok' || oftenTold.has(row.action))) await this.#putOnce(row)
      else await putAuditEntry(this.#options.db, row)
      this.#sinceTrim += 1
      if (this.#sinceTrim >= trimAfterEntries) await this.trim()
    } catch (error) {
      this.#options.onError(error)
    }
  }

  /** Of what a program may do a thousand times there is one entry: refusals, and ways into a machine. */
  async #putOnce(row: AuditRow): Promise<void> {
    const key = JSON.stringify([row.action, row.user_id, row.user_name, row.address, row.subject, row.outcome])
    const at = this.#now()
    const known = this.#repeated.get(key)
    if (known && known.until > at.getTime()) {
      known.more += 1
      known.lastAt = at.toISOString()
      return
    }
    if (at.getTime() - this.#flushedAt > flushEveryMs) await this.#flush(at)
    if (this.#repeated.size < mostCounted)
      this.#repeated.set(key, { id: row.id, until: at.getTime() + againMs, more: 0, lastAt: row.last_at })
    await putAuditEntry(this.#options.db, row)
  }

  /** Writes counts, and forgets those whose time is over. */
  async #flush(at: Date): Promise<void> {
    this.#flushedAt = at.getTime()
    for (const [key, each] of this.#repeated) {
      if (each.until <= at.getTime()) this.#repeated.delete(key)
      if (each.more === 0) continue
      const { more } = each
      each.more = 0
      await countAuditEntry(this.#options.db, each.id, more, each.lastAt)
    }
  }

  /** Forgets what is old or too much. Returns how many entries. */
  async trim(): Promise<number> {
    this.#sinceTrim = 0
    const { db, keepMs, mostOfEach } = this.#options
    await this.#flush(this.#now())
    return transaction(db, (trx) => trimAudit(trx, new Date(this.#now().getTime() - keepMs).toISOString(), mostOfEach))
  }

  async list(user: User, { user: name, since, action, limit, cursor }: AuditQuery): Promise<AuditEntry[]> {
    const seesAll = can(user, 'audit.read-all', platform)
    if (name !== undefined && name !== user.name && !seesAll) throw notPermitted('audit.read-all')
    const { db } = this.#options
    const of = name === undefined ? undefined : await findUser(db, name)
    if (name !== undefined && !of) throw notFound('user', name, 'See who there is with: ramet user ls')
    await this.#flush(this.#now())
    const rows = await listAudit(db, {
      ofUser: of?.id ?? (seesAll ? undefined : user.id),
      since: since === undefined ? undefined : new Date(since).toISOString(),
      action,
      limit,
      after: cursor,
    })
    return rows.map((row) => wireEntry(row, seesAll || row.user_id === null || row.user_id === user.id))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    await this.#flush(this.#now()).catch(this.#options.onError)
  }
}

const some = <K extends string>(key: K, value: string | null) => (value === null ? {} : { [key]: value })

function wireEntry(row: AuditRow, isItsPlaceShown: boolean): AuditEntry {
  return {
    id: row.id,
    at: row.at,
    action: row.action,
    ...some('user', row.user_name),
    // An admin's computer is nobody else's business.
    ...(isItsPlaceShown ? { ...some('via', row.via), ...some('from', row.address) } : {}),
    ...some('subject', row.subject),
    ...some('detail', row.detail),
    outcome: row.outcome,
    times: row.times,
    lastAt: row.last_at,
  }
}

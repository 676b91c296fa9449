import { randomBytes } from 'node:crypto'
import type { AuditAction } from '@ramet/model/access/audited.ts'
import { visibleLine } from '@ramet/model/units/visible-text.ts'
import type { Db } from '../store/database.ts'
import type { AuditRow } from '../store/schema.ts'
import type { About, Noted, User } from '../store/users.ts'

/** Longest text of an entry, in characters. */
const longest = 300

/** Names and paths come from people and guests: what steers a terminal is shown, and nothing is long. */
const shown = (text: string | undefined): string | null => {
  if (text === undefined || text === '') return null
  const line = visibleLine(text.slice(0, 4 * longest))
  return line.length > longest ? `${line.slice(0, longest - 1)}…` : line
}

/** In the order of time. */
const newId = (at: Date) => at.getTime().toString(16).padStart(12, '0') + randomBytes(6).toString('hex')

export interface EntrySink {
  /** `trx`: of what it tells; absent: it stands alone. `isAgain`: in place of what was written of it before. */
  put(row: AuditRow, how?: { readonly trx?: Db; readonly isAgain?: boolean }): Promise<void>
}

/** What the audit log will tell of one request. It is written once, whatever comes of it; so nothing that the table of `audited.ts` has can be forgotten by whoever does it. */
export class Entry implements Noted {
  readonly #sink: EntrySink
  #row: AuditRow
  #isWritten = false
  #hasFailed = false

  constructor(sink: EntrySink, action: AuditAction, address: string | undefined, at = new Date()) {
    this.#sink = sink
    const time = at.toISOString()
    this.#row = {
      id: newId(at),
      at: time,
      action,
      user_id: null,
      user_name: null,
      about_id: null,
      via: null,
      address: shown(address?.replace(/^::ffff:(?=\d+\.)/, '')),
      subject: null,
      detail: null,
      outcome: 'ok',
      times: 1,
      last_at: time,
    }
  }

  by({ id, name, via }: Pick<User, 'id' | 'name' | 'via'>, by = via): this {
    this.#row = { ...this.#row, user_id: id, user_name: shown(name), via: shown(by) }
    return this
  }

  as(action: AuditAction): this {
    this.#row = { ...this.#row, action }
    return this
  }

  about({ subject, detail, aboutId }: About): this {
    this.#row = {
      ...this.#row,
      ...(subject === undefined ? {} : { subject: shown(subject) }),
      ...(detail === undefined ? {} : { detail: shown(detail) }),
      ...(aboutId === undefined || aboutId === this.#row.user_id ? {} : { about_id: aboutId }),
    }
    return this
  }

  async write(trx: Db, about: About = {}): Promise<void> {
    this.about(about)
    await this.#sink.put(this.#row, { trx })
    this.#isWritten = true
  }

  /** After it was done. */
  async done(): Promise<void> {
    if (!this.#isWritten && !this.#hasFailed) await this.#sink.put(this.#row)
  }

  /** `code`: of the refusal. What was written in a transaction before is written over: its rest failed, or all of it. */
  async failed(code: string): Promise<void> {
    this.#hasFailed = true
    await this.#sink.put({ ...this.#row, outcome: code }, { isAgain: this.#isWritten })
  }
}

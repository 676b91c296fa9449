import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { RametError } from '@ramet/model/errors/error.ts'
import { notAuthenticated } from '@ramet/model/errors/errors.ts'
import type { Auth, User } from '../services.ts'
import { credentialsOf } from './credentials.ts'
import { checkOrigin, isFromBrowser, type OwnNames, type Purpose } from './origin.ts'
import { SourceBudget } from './source-budget.ts'

/**
 * Authenticates plain requests and websockets. The order for each: `meet`, `checkOrigin`, then the length of the body (`http/register.ts`), `identify`, the permission; the body is read and
 * parsed last.
 */
export interface Gate {
  readonly cookieName: string
  /** Counts the request of a source, unless its credentials were valid lately: then true. Throws too_many_requests. */
  meet(headers: IncomingHttpHeaders, address: string | undefined): boolean
  /** Throws forbidden_origin. */
  checkOrigin(headers: IncomingHttpHeaders, purpose: Purpose): void
  /** Throws not_authenticated. */
  identify(headers: IncomingHttpHeaders): Promise<User>
  /** Checks origin and credentials. Throws not_authenticated or forbidden_origin. */
  admit(headers: IncomingHttpHeaders, purpose: Purpose): Promise<User>
  /** Checks the credentials of a lasting connection again from time to time, and calls `revoked` once when they are no longer valid. Returns a function that stops this. */
  watch(headers: IncomingHttpHeaders, purpose: Purpose, revoked: () => void): () => void
  /** Checks the origin of a login, which has no credentials yet: a page of another site must not log its visitor in. */
  checkLogin(headers: IncomingHttpHeaders): void
}

/** Cookies do not tell ports apart, so the name carries the installation: two servers on one host do not log each other's browsers out. */
export const sessionCookieName = (installation: string) => `ramet_session_${installation}`

export interface GateOptions {
  readonly auth: Pick<Auth, 'userOf'>
  readonly own: OwnNames
  readonly cookieName: string
  readonly recheckMs?: number | undefined
  readonly budget?: SourceBudget | undefined
  /** Shared by gates beside each other, so that who is known to one is no stranger to the other. */
  readonly known?: Set<string> | undefined
}

/** Tokens whose requests are not counted; the one that was used longest ago is forgotten first. */
const mostKnown = 1000

export function makeGate(options: GateOptions): Gate {
  const { auth, own, cookieName, recheckMs = 30_000, budget = new SourceBudget() } = options
  /** Hashes of tokens that were valid when they were used last. They are looked up again all the same. */
  const known = options.known ?? new Set<string>()
  const nameOf = (token: string) => createHash('sha256').update(token).digest('base64')

  const gate: Gate = {
    cookieName,
    meet(headers, address) {
      const credentials = credentialsOf(headers, cookieName)
      if (credentials && known.has(nameOf(credentials.token))) return true
      budget.spend(address)
      return false
    },
    checkOrigin(headers, purpose) {
      const credentials = credentialsOf(headers, cookieName)
      // labctl sends Basic. It is as dangerous as a cookie only when a browser sends it (browsers remember http://user:password@…).
      const viaCookie = headers.authorization === undefined
      if (credentials?.kind === 'ambient' && (viaCookie || isFromBrowser(headers))) checkOrigin(headers, purpose, own)
    },
    async identify(headers) {
      const credentials = credentialsOf(headers, cookieName)
      if (!credentials) throw notAuthenticated()
      const user = await auth.userOf(credentials.token)
      const name = nameOf(credentials.token)
      known.delete(name)
      if (!user) throw notAuthenticated()
      known.add(name)
      for (const oldest of known) {
        if (known.size <= mostKnown) break
        known.delete(oldest)
      }
      return user
    },
    async admit(headers, purpose) {
      gate.checkOrigin(headers, purpose)
      return gate.identify(headers)
    },
    watch(headers, purpose, revoked) {
      const timer = setInterval(() => {
        gate.admit(headers, purpose).catch((error: unknown) => {
          // A store that is busy for a moment closes no connection.
          if (!(error instanceof RametError)) return
          clearInterval(timer)
          revoked()
        })
      }, recheckMs)
      timer.unref()
      return () => clearInterval(timer)
    },
    checkLogin(headers) {
      if (isFromBrowser(headers)) checkOrigin(headers, 'change', own)
    },
  }
  return gate
}

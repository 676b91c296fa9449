import type { IncomingHttpHeaders } from 'node:http'
import { RametError } from '@ramet/model/errors/error.ts'
import { notAuthenticated } from '@ramet/model/errors/errors.ts'
import type { Auth, User } from '../services.ts'
import { credentialsOf } from './credentials.ts'
import { checkOrigin, isFromBrowser, type OwnNames, type Purpose } from './origin.ts'

/** Authenticates plain requests and websockets. */
export interface Gate {
  readonly cookieName: string
  /** Throws not_authenticated or forbidden_origin. */
  admit(headers: IncomingHttpHeaders, purpose: Purpose): Promise<User>
  /** Checks the credentials of a lasting connection again from time to time, and calls `revoked` once when they are no longer valid. Returns a function that stops this. */
  watch(headers: IncomingHttpHeaders, purpose: Purpose, revoked: () => void): () => void
  /** Checks the origin of a login, which has no credentials yet: a page of another site must not log its visitor in. */
  checkLogin(headers: IncomingHttpHeaders): void
}

/** Cookies do not tell ports apart, so the name carries the installation: two servers on one host do not log each other's browsers out. */
export const sessionCookieName = (installation: string) => `ramet_session_${installation}`

export interface GateOptions {
  readonly auth: Auth
  readonly own: OwnNames
  readonly cookieName: string
  readonly recheckMs?: number | undefined
}

export function makeGate({ auth, own, cookieName, recheckMs = 30_000 }: GateOptions): Gate {
  const gate: Gate = {
    cookieName,
    async admit(headers, purpose) {
      const credentials = credentialsOf(headers, cookieName)
      if (!credentials) throw notAuthenticated()
      // labctl sends Basic. It is as dangerous as a cookie only when a browser sends it (browsers remember http://user:password@…).
      const viaCookie = headers.authorization === undefined
      if (credentials.kind === 'ambient' && (viaCookie || isFromBrowser(headers))) checkOrigin(headers, purpose, own)
      const user = await auth.userOf(credentials.token)
      if (!user) throw notAuthenticated()
      return user
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

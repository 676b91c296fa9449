import type { IncomingMessage } from 'node:http'
import { RametError } from '@ramet/model/errors/error.ts'
import { sessionDays } from '../../access/auth.ts'
import { secureCookieName, setCookie } from '../../access/cookie.ts'
import type { Gate } from '../../access/gate.ts'
import { LoginDelay } from '../../access/login-delay.ts'
import type { IsSecure } from '../secure-requests.ts'

/** What all ways to sign in have in common: whatever fails is answered later each time, and what comes of it is one cookie. */
export interface LogIn {
  /** Tries to sign in; a refusal (401) waits for its answer. Throws `too_many_logins` when too many wait. */
  slowly<T>(trying: () => Promise<T>): Promise<T>
  /** The Set-Cookie of a session; an empty token ends it. */
  cookie(request: IncomingMessage, token: string): string
}

export function logIn(gate: Pick<Gate, 'cookieName'>, isSecure: IsSecure, delay = new LoginDelay()): LogIn {
  return {
    async slowly(trying) {
      try {
        return await trying()
      } catch (error) {
        if (error instanceof RametError && error.status === 401) await delay.failed()
        throw error
      }
    },
    cookie(request, token) {
      const isHttps = isSecure(request)
      const name = isHttps ? secureCookieName(gate.cookieName) : gate.cookieName
      return setCookie(name, token, token === '' ? 0 : sessionDays * 24 * 3600, isHttps)
    },
  }
}

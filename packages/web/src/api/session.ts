import type { Me } from '@ramet/model/api/host.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { wrongLoginToken } from '@ramet/model/errors/errors.ts'
import { client } from './client.ts'
import { takeLoginToken } from './login-token.ts'

let pendingToken = takeLoginToken()

/** True when a login link was opened in this tab since the last call of `currentUser`. */
export function noticeLoginLink(): boolean {
  pendingToken = takeLoginToken() ?? pendingToken
  return pendingToken !== undefined
}

/** Who is logged in, after trading a pending login token for the session cookie. Throws `not_authenticated`. */
export async function currentUser(): Promise<Me> {
  const token = pendingToken
  pendingToken = undefined
  if (token !== undefined) {
    try {
      await client.login(token)
    } catch (error) {
      // An old link in a browser that is logged in already does no harm.
      if (!isNotAuthenticated(error)) {
        pendingToken = token
        throw error
      }
      return client.me().catch(() => Promise.reject(error))
    }
  }
  return client.me()
}

export const isNotAuthenticated = (error: unknown): boolean => error instanceof RametError && error.status === 401

/** A link that was opened and refused is worth a word; having none is not. */
export const isRefusedLink = (error: unknown): boolean => error instanceof RametError && error.code === wrongLoginToken().code

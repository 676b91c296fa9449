import type { Token } from '@ramet/model/api/account.ts'
import { routes } from '@ramet/model/api/routes.ts'
import type { SignIn } from '@ramet/model/api/users.ts'
import { ask, type Connection, send } from './http.ts'

/** Signs in as a browser does, makes a token, and ends that session. */
export async function tokenOf(connection: Connection, given: SignIn, program: string): Promise<Token> {
  const login = await send(connection, 'POST', routes.login(), { body: given })
  const [cookie = ''] = login.headers.getSetCookie()
  const session: Connection = { ...connection, token: cookie.split(';')[0]?.split('=').slice(1).join('=') }
  try {
    return await ask<Token>(session, 'POST', routes.tokens(), { body: { name: program, expiresInDays: 30 } })
  } finally {
    await send(session, 'POST', routes.logout()).catch(() => undefined)
  }
}

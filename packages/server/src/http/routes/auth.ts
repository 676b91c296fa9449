import { endedSessionsSchema, loginLinkSchema, meSchema } from '@ramet/model/api/host.ts'
import { routes } from '@ramet/model/api/routes.ts'
import { type SignIn, signInSchema } from '@ramet/model/api/users.ts'
import { needsApiToken, wrongLoginToken } from '@ramet/model/errors/errors.ts'
import { wordSchema } from '@ramet/model/units/plain-text.ts'
import { z } from 'zod'
import { credentialsOf } from '../../access/credentials.ts'
import type { Gate } from '../../access/gate.ts'
import type { Entry } from '../../audit/entry.ts'
import type { Accounts, Auth } from '../../services.ts'
import { bodyBytes, type Route, route } from '../route.ts'
import type { LogIn } from './log-in.ts'

export function authRoutes(auth: Auth, accounts: Pick<Accounts, 'me'>, gate: Gate, { slowly, cookie }: LogIn): Route[] {
  const open = (by: { token: string } | SignIn, address: string | undefined, entry: Entry | undefined) => {
    entry?.about({ detail: 'token' in by ? 'by a link' : 'by a password' })
    return slowly(async () => {
      const session = 'token' in by ? await auth.openSession(by.token) : await auth.signIn(by, address, entry)
      if (!session) throw wrongLoginToken()
      entry?.by(session.user, 'browser')
      return session
    })
  }

  return [
    route({
      method: 'POST',
      path: routes.login(),
      permission: 'anyone',
      summary:
        "Trades the token of a login link or an invitation, which work once, or a name and its password for the browser's session cookie",
      body: z.union([z.object({ token: wordSchema(200) }), signInSchema]),
      bodyBytes: bodyBytes.login,
      answer: meSchema,
      async handle({ body, request, reply, entry }) {
        const session = await open(body, request.raw.socket.remoteAddress, entry)
        reply.header('set-cookie', cookie(request.raw, session.token))
        return accounts.me(session.user)
      },
    }),
    route({
      method: 'POST',
      path: routes.loginLinks(),
      permission: 'account.link',
      summary: 'Makes a login link for a browser of the same user; API tokens alone may ask',
      answer: loginLinkSchema,
      async handle({ request }) {
        const credentials = credentialsOf(request.headers, gate.cookieName)
        const link = credentials && (await auth.makeLinkFor(credentials.token))
        if (!link) throw needsApiToken()
        return { token: link.token, expiresAt: link.expiresAt.toISOString() }
      },
    }),
    route({
      method: 'POST',
      path: routes.logout(),
      permission: 'account.leave',
      summary: "Ends the browser's session",
      answer: z.object({}),
      async handle({ request, reply }) {
        const credentials = credentialsOf(request.headers, gate.cookieName)
        if (credentials) await auth.closeSession(credentials.token)
        reply.header('set-cookie', cookie(request.raw, ''))
        return {}
      },
    }),
    route({
      method: 'DELETE',
      path: routes.sessions(),
      permission: 'account.leave',
      summary: 'Ends all sessions of the user, in every browser, and closes login links that are open',
      answer: endedSessionsSchema,
      handle: async ({ user }) => ({ sessions: await auth.closeSessionsOf(user) }),
    }),
  ]
}

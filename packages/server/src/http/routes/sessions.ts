import { credentialSchema, sessionSchema } from '@ramet/model/api/account.ts'
import { routes } from '@ramet/model/api/routes.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { notFound } from '@ramet/model/errors/errors.ts'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { credentialsOf } from '../../access/credentials.ts'
import type { Gate } from '../../access/gate.ts'
import { waitingMinutes } from '../../access/waiting-sessions.ts'
import type { Accounts } from '../../services.ts'
import { askToAdmit, logInAndComeBack, told } from '../approval-page.ts'
import { publicUrl } from '../public-url.ts'
import { type Route, route } from '../route.ts'
import type { IsSecure } from '../secure-requests.ts'

const gone = (id: string) => notFound('session', id, 'Log in again: labctl auth login')

/** How programs log in: they begin a session, a person lets it in on a page, and they ask until that has happened. */
export function sessionRoutes(accounts: Accounts, gate: Gate, isSecure: IsSecure): Route[] {
  const tokenOf = (request: FastifyRequest) => credentialsOf(request.headers, gate.cookieName)?.token ?? ''
  return [
    route({
      method: 'POST',
      path: routes.programs(),
      permission: 'anyone',
      summary: 'Begins the login of a program (labctl `auth login`): it may do nothing until a person has let it in at `authUrl`',
      answer: sessionSchema,
      async handle({ request }) {
        const { id, token } = accounts.beginSession(request.raw.socket.remoteAddress ?? 'unknown')
        const authUrl = publicUrl(request, isSecure) + routes.approval(id)
        return { id, userId: '', authenticated: false, accessToken: token, authUrl }
      },
    }),
    route({
      method: 'GET',
      path: routes.programs(),
      permission: 'account.tokens',
      summary: 'What may act for the user: browsers and programs that are logged in, and tokens',
      answer: z.array(credentialSchema),
      handle: ({ user, request }) => accounts.credentials(user, tokenOf(request)),
    }),
    route({
      method: 'GET',
      path: routes.program(':id'),
      permission: 'anyone',
      params: ['id'],
      summary: 'Whether a session was let in; asked with the credentials that it was given',
      answer: sessionSchema,
      async handle({ params: { id }, request }) {
        const user = await accounts.userOfSession(id, tokenOf(request))
        if (user === undefined) throw gone(id)
        const authUrl = publicUrl(request, isSecure) + routes.approval(id)
        return { id, userId: user?.id ?? '', authenticated: user !== null, accessToken: '', authUrl }
      },
    }),
    route({
      method: 'DELETE',
      path: routes.program(':id'),
      permission: 'account.leave',
      params: ['id'],
      summary: 'Ends a session or token of the user',
      answer: z.object({}),
      async handle({ user, params }) {
        await accounts.endCredential(user, params.id)
        return {}
      },
    }),
    route({
      method: 'GET',
      path: routes.approval(':id'),
      permission: 'anyone',
      params: ['id'],
      summary: 'The page on which a person lets a program in',
      answer: z.string(),
      produces: 'text/html',
      async handle({ params: { id }, request, reply }) {
        const isLoggedIn = await gate.admit(request.headers, 'read').then(
          () => true,
          (error: unknown) => {
            if (error instanceof RametError) return false
            throw error
          },
        )
        if (!isLoggedIn) {
          return logInAndComeBack(reply, routes.approval(id))
        }
        const waiting = accounts.waiting(id)
        if (!waiting) {
          const text = `No program waits here: it was let in already, or ${waitingMinutes} minutes have passed.`
          return told(reply.code(404), 'Nothing to do', text)
        }
        return askToAdmit(reply, waiting.from, routes.approval(id))
      },
    }),
    route({
      method: 'POST',
      path: routes.approval(':id'),
      permission: 'account.tokens',
      params: ['id'],
      summary: 'Lets a program in as the user who asks, for as long as his own session lives',
      answer: z.string(),
      produces: 'text/html',
      async handle({ params: { id }, request, reply }) {
        if (!(await accounts.admit(id, tokenOf(request)))) throw gone(id)
        return told(
          reply,
          'The program is in',
          'It may act for you now. You can close this page. `ramet session list` shows it, and `ramet session end` ends it.',
        )
      },
    }),
  ]
}

import { createTokenSchema, preferencesSchema, tokenSchema } from '@ramet/model/api/account.ts'
import { meSchema } from '@ramet/model/api/host.ts'
import { pages, routes } from '@ramet/model/api/routes.ts'
import { needsApiToken } from '@ramet/model/errors/errors.ts'
import { z } from 'zod'
import { credentialsOf } from '../../access/credentials.ts'
import type { Gate } from '../../access/gate.ts'
import type { Accounts, Auth } from '../../services.ts'
import { publicUrl } from '../public-url.ts'
import { type Route, route } from '../route.ts'
import type { IsSecure } from '../secure-requests.ts'

export const accountRoutes = (accounts: Accounts, auth: Pick<Auth, 'makeLinkFor'>, gate: Gate, isSecure: IsSecure): Route[] => [
  route({
    method: 'GET',
    path: routes.me(),
    permission: 'account.read',
    summary: 'Who asks',
    answer: meSchema,
    handle: ({ user }) => accounts.me(user),
  }),
  route({
    method: 'PATCH',
    path: routes.preferences(),
    permission: 'account.change',
    summary: 'Keeps a preference of clients of the original; there is one host, so it changes nothing',
    body: preferencesSchema,
    answer: meSchema,
    handle: ({ user, body }) => accounts.prefer(user, body),
  }),
  route({
    method: 'POST',
    path: routes.signInUrl(),
    permission: 'account.link',
    summary: 'A URL that logs a browser in, once, within ten minutes; API tokens alone may ask',
    answer: z.object({ url: z.string() }),
    async handle({ request }) {
      const credentials = credentialsOf(request.headers, gate.cookieName)
      const link = credentials && (await auth.makeLinkFor(credentials.token))
      if (!link) throw needsApiToken()
      return { url: publicUrl(request, isSecure) + pages.login(link.token) }
    },
  }),
  route({
    method: 'POST',
    path: routes.tokens(),
    permission: 'account.tokens',
    summary: 'Makes a token for a program, bounded to what `scope` names; it is told once',
    body: createTokenSchema,
    answer: tokenSchema,
    handle({ body, request, entry }) {
      entry?.about({ subject: body.name, detail: body.scope?.join(' ') })
      return accounts.makeToken(credentialsOf(request.headers, gate.cookieName)?.token ?? '', body)
    },
  }),
]

import { meSchema } from '@ramet/model/api/host.ts'
import { routes } from '@ramet/model/api/routes.ts'
import {
  addPasskeySchema,
  beginSignInSchema,
  connectSchema,
  identitySchema,
  leadSchema,
  namePasskeySchema,
  passkeyOptionsSchema,
  passkeySchema,
  signInWaysSchema,
  usePasskeySchema,
} from '@ramet/model/api/sign-in.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { loginTooOld } from '@ramet/model/errors/errors.ts'
import { signInGone } from '@ramet/model/errors/sign-in-errors.ts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { readCookie, secureCookieName } from '../../access/cookie.ts'
import { credentialsOf } from '../../access/credentials.ts'
import type { Gate } from '../../access/gate.ts'
import type { Accounts, Auth, Passkeys, SignIns } from '../../services.ts'
import { passkeyPlace } from '../../sign-in/passkey-place.ts'
import { awayMinutes, callbackPath } from '../../sign-in/sign-in-service.ts'
import { toRametError } from '../error-answers.ts'
import { escaped, sendPage } from '../html-page.ts'
import { leadBack } from '../oauth-pages.ts'
import { publicUrl } from '../public-url.ts'
import { bodyBytes, type Route, route } from '../route.ts'
import type { IsSecure } from '../secure-requests.ts'
import type { LogIn } from './log-in.ts'

export interface SignInRouteTools {
  readonly signIns: SignIns
  readonly passkeys: Passkeys
  readonly accounts: Pick<Accounts, 'me'>
  readonly auth: Pick<Auth, 'isFresh'>
  readonly gate: Gate
  readonly isSecure: IsSecure
  readonly logIn: LogIn
}

/** What a passkey answers has a key, a signature and an attestation. */
const passkeyBytes = 32 * 1024

/** Sign-in by others who say who people are, and by passkeys; and what of them belongs to an account. */
export function signInRoutes(tools: SignInRouteTools): Route[] {
  const { signIns, passkeys, accounts, auth, gate, isSecure, logIn } = tools
  const originOf = (request: FastifyRequest) => publicUrl(request, isSecure)
  const isHttps = (request: FastifyRequest) => isSecure(request.raw)
  /** Names the sign-in of this browser. A provider leads back by a link of another site, so it goes along with those (SameSite=Lax). */
  const cookieName = (request: FastifyRequest) => {
    const name = `${gate.cookieName}_away`
    return isHttps(request) ? secureCookieName(name) : name
  }
  const awayCookie = (request: FastifyRequest, ticket: string, seconds: number) =>
    `${cookieName(request)}=${ticket}; Max-Age=${seconds}; Path=/; HttpOnly; SameSite=Lax${isHttps(request) ? '; Secure' : ''}`
  const lead = (request: FastifyRequest, reply: FastifyReply, { url, ticket }: { url: string; ticket: string }) => {
    reply.header('set-cookie', awayCookie(request, ticket, awayMinutes * 60))
    return { url }
  }
  const tokenOf = (request: FastifyRequest) => credentialsOf(request.headers, gate.cookieName)?.token ?? ''
  /** What is added outlives the session by which it is. Throws `login_too_old`. */
  const mustBeFresh = async (request: FastifyRequest) => {
    if (!(await auth.isFresh(tokenOf(request)))) throw loginTooOld()
  }

  const come = (id: 'oidc' | 'github') =>
    route({
      method: 'GET',
      path: callbackPath(id),
      permission: 'anyone',
      summary: 'Where a provider sends a browser back to; leads on to where its user wanted to go',
      answer: z.string(),
      produces: 'text/html',
      async handle({ request, reply, entry }) {
        reply.header('cache-control', 'no-store')
        const ticket = readCookie(request.headers.cookie ?? '', cookieName(request))
        const gone = awayCookie(request, '', 0)
        try {
          if (ticket === undefined) throw signInGone()
          const query = new URL(request.url, originOf(request)).search
          const { to, token } = await logIn.slowly(() => signIns.finish(id, ticket, query, entry))
          reply.header('set-cookie', token === undefined ? [gone] : [gone, logIn.cookie(request.raw, token)])
          // By a page of this server: a browser that another site sent here sends its new cookie only from there (SameSite=Strict).
          return leadBack(reply, 'Signed in', to)
        } catch (error) {
          const told = toRametError(error)
          if (!(told instanceof RametError) || told.status >= 500) throw error
          await entry?.failed(told.code)
          reply.header('set-cookie', gone)
          return sendPage(
            reply.code(told.status),
            'Not signed in',
            `<p>${escaped(told.message)}</p><p>${escaped(told.hint ?? '')}</p><p><a href="/">Back to the sign-in</a></p>`,
          )
        }
      },
    })

  return [
    route({
      method: 'GET',
      path: routes.signInWays(),
      permission: 'anyone',
      summary: 'How people sign in here, besides passwords and links; and whether passkeys can be used at this address',
      answer: signInWaysSchema,
      async handle({ request }) {
        const place = passkeyPlace(originOf(request))
        return { providers: [...signIns.providers()], passkeys: 'whyNot' in place ? { whyNot: place.whyNot } : {} }
      },
    }),
    route({
      method: 'POST',
      path: routes.beginSignIn(':provider'),
      permission: 'anyone',
      params: ['provider'],
      summary:
        'Begins a sign-in by a provider: tells where the browser is to go, and gives it a cookie by which it is known again',
      body: beginSignInSchema,
      bodyBytes: bodyBytes.login,
      answer: leadSchema,
      handle: async ({ params, body, request, reply }) =>
        lead(request, reply, await signIns.begin(params.provider, { origin: originOf(request), to: body.to })),
    }),
    come('oidc'),
    come('github'),
    route({
      method: 'GET',
      path: routes.identities(),
      permission: 'account.read',
      summary: 'Accounts elsewhere by which the user signs in',
      answer: z.array(identitySchema),
      handle: async ({ user }) => [...(await signIns.identities(user))],
    }),
    route({
      method: 'POST',
      path: routes.identities(),
      permission: 'account.keys',
      summary: 'Begins to connect an account elsewhere with that of the user; in a session within ten minutes of its login',
      body: connectSchema,
      answer: leadSchema,
      async handle({ body: { provider, to }, request, reply }) {
        await mustBeFresh(request)
        return lead(
          request,
          reply,
          await signIns.begin(provider, { origin: originOf(request), to, connectFor: tokenOf(request) }),
        )
      },
    }),
    route({
      method: 'DELETE',
      path: routes.identity(':id'),
      permission: 'account.keys',
      params: ['id'],
      summary: 'Disconnects an account elsewhere: it signs nobody in any more',
      answer: z.object({}),
      async handle({ user, params }) {
        await signIns.disconnect(user, params.id)
        return {}
      },
    }),

    route({
      method: 'POST',
      path: routes.passkeySignIn(),
      permission: 'anyone',
      summary: 'What a browser is to ask its authenticator for a sign-in',
      answer: passkeyOptionsSchema,
      handle: ({ request }) => passkeys.askToUse(originOf(request)),
    }),
    route({
      method: 'POST',
      path: routes.passkeyLogin(),
      permission: 'anyone',
      summary: "Trades what an authenticator answers for the browser's session cookie",
      body: usePasskeySchema,
      bodyBytes: passkeyBytes,
      answer: meSchema,
      async handle({ body, request, reply, entry }) {
        const { token, user } = await logIn.slowly(() => passkeys.use(body, entry))
        reply.header('set-cookie', logIn.cookie(request.raw, token))
        return accounts.me(user)
      },
    }),
    route({
      method: 'GET',
      path: routes.passkeys(),
      permission: 'account.read',
      summary: 'Passkeys of the user',
      answer: z.array(passkeySchema),
      handle: async ({ user }) => [...(await passkeys.list(user))],
    }),
    route({
      method: 'POST',
      path: routes.passkeyOptions(),
      permission: 'account.keys',
      summary: 'What a browser is to ask its authenticator for a new passkey; in a session within ten minutes of its login',
      answer: passkeyOptionsSchema,
      async handle({ user, request }) {
        await mustBeFresh(request)
        return passkeys.askToAdd(user, originOf(request))
      },
    }),
    route({
      method: 'POST',
      path: routes.passkeys(),
      permission: 'account.keys',
      summary: 'Adds a passkey: what the authenticator answered',
      body: addPasskeySchema,
      bodyBytes: passkeyBytes,
      answer: passkeySchema,
      async handle({ user, body, request }) {
        await mustBeFresh(request)
        return passkeys.add(user, body)
      },
    }),
    route({
      method: 'PATCH',
      path: routes.passkey(':id'),
      permission: 'account.keys',
      params: ['id'],
      summary: 'Names a passkey',
      body: namePasskeySchema,
      answer: z.object({}),
      async handle({ user, params, body }) {
        await passkeys.rename(user, params.id, body.name)
        return {}
      },
    }),
    route({
      method: 'DELETE',
      path: routes.passkey(':id'),
      permission: 'account.keys',
      params: ['id'],
      summary: 'Removes a passkey: it signs nobody in any more',
      answer: z.object({}),
      async handle({ user, params }) {
        await passkeys.remove(user, params.id)
        return {}
      },
    }),
  ]
}

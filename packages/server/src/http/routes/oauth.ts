import {
  type Authorize,
  agentTokenRequestSchema,
  agentTokensSchema,
  authorizationServerSchema,
  authorizeSchema,
  protectedResourceSchema,
  registerAgentSchema,
  registeredAgentSchema,
  revokeAgentSchema,
} from '@ramet/model/api/oauth.ts'
import { routes } from '@ramet/model/api/routes.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { notFound } from '@ramet/model/errors/errors.ts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { credentialsOf } from '../../access/credentials.ts'
import type { Gate } from '../../access/gate.ts'
import { readAgentScopes } from '../../oauth/agent-scopes.ts'
import { isLoopback } from '../../oauth/client-ids.ts'
import { authorizationServer, mcpAddress, protectedResource, sameResource } from '../../oauth/metadata.ts'
import { OAuthFault } from '../../oauth/oauth-fault.ts'
import type { AgentRequest, Agents } from '../../services.ts'
import { told } from '../approval-page.ts'
import { formType } from '../form-body.ts'
import { askedWrongly, askToAdmitAgent, leadBack, logInFirst } from '../oauth-pages.ts'
import { publicUrl } from '../public-url.ts'
import { bodyBytes, type Route, route } from '../route.ts'
import type { IsSecure } from '../secure-requests.ts'

const metadata = { method: 'GET', permission: 'anyone' } as const
const gone = () => notFound('agent', 'that waits here', 'Begin again where you set it up.')

/**
 * OAuth 2.1 for agents at /mcp, as the Model Context Protocol wants it: an agent finds out where to log in, registers itself, leads a person to `authorize`, and trades the code that it gets
 * for tokens. PKCE with S256 alone; no client has a secret.
 */
export function oauthRoutes(agents: Agents, gate: Gate, isSecure: IsSecure): Route[] {
  const tokenOf = (request: FastifyRequest) => credentialsOf(request.headers, gate.cookieName)?.token ?? ''
  const issuerOf = (request: FastifyRequest) => publicUrl(request, isSecure)

  const isLoggedIn = (request: FastifyRequest) =>
    gate.admit(request.headers, 'read').then(
      () => true,
      (error: unknown) => {
        if (error instanceof RametError) return false
        throw error
      },
    )

  /** What an agent asks for. Throws OAuthFault for what its client is told. */
  function read(query: Authorize, redirectUri: string, clientId: string, issuer: string): AgentRequest {
    const agent = agents.agentOf(clientId)
    if (!agent) throw new OAuthFault('invalid_client', 'This client is not registered here.')
    if (query.response_type !== 'code') throw new OAuthFault('unsupported_response_type', 'The response_type is `code`.')
    if (query.code_challenge_method !== 'S256' || !/^[\w-]{43}$/.test(query.code_challenge ?? ''))
      throw new OAuthFault('invalid_request', 'A code_challenge with the method S256 is needed (RFC 7636).')
    // There is one resource, so that clients from before RFC 8707 mean it.
    const resource = query.resource ?? mcpAddress(issuer)
    if (!sameResource(resource, issuer)) throw new OAuthFault('invalid_target', `The resource here is ${mcpAddress(issuer)}.`)
    const scopes = readAgentScopes(query.scope)
    return { clientId, agent, redirectUri, challenge: query.code_challenge ?? '', scopes, resource, state: query.state, issuer }
  }

  return [
    route({
      ...metadata,
      path: routes.protectedMcp(),
      summary: 'Where agents log in that use the tools at /mcp (RFC 9728)',
      answer: protectedResourceSchema,
      handle: async ({ request }) => protectedResource(issuerOf(request)),
    }),
    route({
      ...metadata,
      path: routes.protectedResource(),
      summary: 'The same, for clients that look at the root alone',
      answer: protectedResourceSchema,
      handle: async ({ request }) => protectedResource(issuerOf(request)),
    }),
    route({
      ...metadata,
      path: routes.authorizationServer(),
      summary: 'How agents log in (RFC 8414)',
      answer: authorizationServerSchema,
      handle: async ({ request }) => authorizationServer(issuerOf(request)),
    }),
    route({
      method: 'POST',
      path: routes.registerAgent(),
      permission: 'anyone',
      summary: 'Registers an agent by its name and the addresses that codes may be sent to (RFC 7591); nothing is stored',
      body: registerAgentSchema,
      bodyBytes: bodyBytes.login,
      answer: registeredAgentSchema,
      handle: async ({ body, reply }) =>
        answering(reply.code(201), async () => ({
          client_id: agents.register({ name: body.client_name, redirectUris: body.redirect_uris }),
          client_name: body.client_name,
          redirect_uris: body.redirect_uris,
          grant_types: ['authorization_code', 'refresh_token'],
          response_types: ['code'],
          token_endpoint_auth_method: 'none',
        })),
    }),
    route({
      method: 'GET',
      path: routes.authorizeAgent(),
      permission: 'anyone',
      summary: 'The page on which a person lets an agent in (OAuth 2.1, with PKCE)',
      query: authorizeSchema,
      answer: z.string(),
      produces: 'text/html',
      async handle({ query, request, reply }) {
        reply.header('cache-control', 'no-store')
        const agent = query.client_id === undefined ? undefined : agents.agentOf(query.client_id)
        const redirectUri = query.redirect_uri ?? (agent?.redirectUris.length === 1 ? agent.redirectUris[0] : undefined)
        if (!agent || redirectUri === undefined || !agent.redirectUris.includes(redirectUri)) {
          const text = agent
            ? 'The agent did not register the address that it wants an answer at, so it gets none.'
            : 'This server does not know the agent. Remove it where you set it up, and add it again.'
          return told(reply.code(400), 'This leads nowhere', text)
        }
        const issuer = issuerOf(request)
        try {
          const asked = read(query, redirectUri, query.client_id ?? '', issuer)
          if (!(await isLoggedIn(request))) return logInFirst(reply, request.url)
          return askToAdmitAgent(reply, asked, agents.ask(tokenOf(request), asked))
        } catch (error) {
          if (!(error instanceof OAuthFault)) throw error
          const answer = { error: error.word, error_description: error.message }
          const to = backTo({ redirectUri, state: query.state, issuer }, answer)
          return isLoopback(redirectUri) ? (reply.redirect(to, 302) as never) : askedWrongly(reply, error.message, to)
        }
      },
    }),
    route({
      method: 'POST',
      path: routes.agentApproval(':ticket'),
      permission: 'account.tokens',
      params: ['ticket'],
      summary: 'Lets an agent in as the user who asks, for as long as his own session lives',
      answer: z.string(),
      produces: 'text/html',
      async handle({ params, request, reply }) {
        reply.header('cache-control', 'no-store')
        const approved = await agents.approve(tokenOf(request), params.ticket)
        if (!approved) throw gone()
        return leadBack(reply, 'The agent is in', backTo(approved.asked, { code: approved.code }))
      },
    }),
    route({
      method: 'POST',
      path: routes.agentRefusal(':ticket'),
      permission: 'account.tokens',
      params: ['ticket'],
      summary: 'Does not let an agent in, and tells it',
      answer: z.string(),
      produces: 'text/html',
      async handle({ params, request, reply }) {
        reply.header('cache-control', 'no-store')
        const asked = agents.refuse(tokenOf(request), params.ticket)
        if (!asked) throw gone()
        return leadBack(reply, 'The agent stays outside', backTo(asked, { error: 'access_denied' }))
      },
    }),
    route({
      method: 'POST',
      path: routes.agentTokens(),
      permission: 'anyone',
      summary: 'Trades a code or a refresh token for tokens; each is good once',
      takes: formType,
      body: agentTokenRequestSchema,
      answer: agentTokensSchema,
      async handle({ body, reply }) {
        const { grant_type, code, redirect_uri, client_id, code_verifier, refresh_token, scope, resource } = body
        const need = (name: string, value: string | undefined) => {
          if (value === undefined || value === '') throw new OAuthFault('invalid_request', `${name} is missing.`)
          return value
        }
        return answering(reply, () => {
          const clientId = need('client_id', client_id)
          if (!agents.agentOf(clientId)) throw new OAuthFault('invalid_client', 'This client is not registered here.')
          if (grant_type === 'refresh_token')
            return agents.refresh({ refreshToken: need('refresh_token', refresh_token), clientId, scope })
          if (grant_type !== 'authorization_code')
            throw new OAuthFault('unsupported_grant_type', 'There are authorization_code and refresh_token.')
          return agents.redeem({
            code: need('code', code),
            clientId,
            redirectUri: need('redirect_uri', redirect_uri),
            verifier: need('code_verifier', code_verifier),
            resource,
          })
        })
      },
    }),
    route({
      method: 'POST',
      path: routes.revokeAgent(),
      permission: 'anyone',
      summary: 'Ends the login of an agent by one of its tokens (RFC 7009)',
      takes: formType,
      body: revokeAgentSchema,
      answer: z.object({}),
      async handle({ body, reply }) {
        reply.header('cache-control', 'no-store')
        await agents.revoke(body.token)
        return {}
      },
    }),
  ]
}

/** Where a browser goes with the answer. `iss` tells a client of several servers whose it is (RFC 9207). */
function backTo(
  { redirectUri, state, issuer }: Pick<AgentRequest, 'redirectUri' | 'state' | 'issuer'>,
  answer: Readonly<Record<string, string>>,
): string {
  const url = new URL(redirectUri)
  const all = { ...answer, ...(state === undefined ? {} : { state }), iss: issuer }
  for (const [name, value] of Object.entries(all)) url.searchParams.set(name, value)
  return url.href
}

/** A refusal has the words that clients of OAuth look at (RFC 6749, 5.2), and those of every other refusal here. */
async function answering<T>(reply: FastifyReply, answer: () => T | Promise<T>): Promise<T> {
  reply.header('cache-control', 'no-store')
  try {
    return await answer()
  } catch (error) {
    if (!(error instanceof OAuthFault)) throw error
    const { word, message, code, status } = error
    return reply.code(status).send({ error: word, error_description: message, code, message }) as never
  }
}

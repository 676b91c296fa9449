import { createHash, randomBytes } from 'node:crypto'
import { includesScope, type Scope } from '@ramet/model/access/scopes.ts'
import type { AgentTokens, RegisteredAgent } from '@ramet/model/api/oauth.ts'
import { insufficientScope, notAuthenticated } from '@ramet/model/errors/errors.ts'
import type { TokenAuth } from '../access/auth.ts'
import { newToken, sha256 } from '../access/token-hash.ts'
import type { AgentRequest, Agents, User } from '../services.ts'
import type { TokenRecord, TokenStore } from '../store/tokens.ts'
import { readAgentScopes } from './agent-scopes.ts'
import { clientIds } from './client-ids.ts'
import { OAuthFault } from './oauth-fault.ts'
import { ShortLived } from './short-lived.ts'

const accessSeconds = 3600
/** After so long a person is asked again. */
const longestDays = 30
const codeMs = 60_000
const approvalMs = 10 * 60_000
/** Only whoever is logged in makes one. */
const most = 200

interface Approved {
  readonly asked: AgentRequest
  readonly user: User
  /** SHA-256 of the token of whoever let it in. */
  readonly byHash: string
  readonly until: Date
  readonly id: string
}

const dead = () => new OAuthFault('invalid_grant', 'The code or token is not good (any more). Ask to be let in again.')

/**
 * Programs that are let in by OAuth 2.1 and use tools at /mcp. A person lets one in on a page; the code that it gets then is good once, within a minute, and only for whoever began. What it is let
 * in by is one row: hashes of a token for an hour and of one that renews it. That is another one each time; one that comes again ends the login, since somebody else has it.
 */
export function agentLogins(
  store: TokenStore,
  auth: Pick<TokenAuth, 'find' | 'userOfHash'>,
  key: Buffer,
  now = () => new Date(),
): Agents {
  const ids = clientIds(key)
  const waiting = new ShortLived<{ readonly asked: AgentRequest; readonly byHash: string }>(approvalMs, most, now)
  const codes = new ShortLived<Approved>(codeMs, most, now)
  /** What became of codes that were used, by the code's own name. */
  const used = new Map<string, string>()

  const tokensOf = (token: string, refresh: string, scopes: readonly string[]): AgentTokens => ({
    access_token: token,
    token_type: 'Bearer',
    expires_in: accessSeconds,
    refresh_token: refresh,
    scope: scopes.join(' '),
  })
  const freshUntil = (until: Date) => new Date(Math.min(now().getTime() + accessSeconds * 1000, until.getTime()))

  async function letIn({ asked, user, until, id }: Approved): Promise<AgentTokens> {
    const [token, refresh] = [newToken(), newToken()]
    await store.removeExpired(now())
    await store.add({
      id,
      user: { id: user.id, name: user.name },
      kind: 'session',
      name: asked.agent.name,
      hash: sha256(token),
      createdAt: now(),
      expiresAt: until,
      scopes: asked.scopes,
      agent: { client: sha256(asked.clientId), freshUntil: freshUntil(until), refreshHash: sha256(refresh) },
    })
    return tokensOf(token, refresh, asked.scopes)
  }

  /** One that was replaced by another is somebody's who has stolen it, or from whom it was stolen. */
  async function holder(refresh: string, clientId: string): Promise<TokenRecord & { agent: NonNullable<TokenRecord['agent']> }> {
    const hash = sha256(refresh)
    const record = await store.findRefresh(hash)
    const { agent } = record ?? {}
    if (!record || !agent || !record.expiresAt || record.expiresAt <= now()) throw dead()
    if (agent.client !== sha256(clientId)) throw dead()
    if (agent.refreshHash !== hash) {
      await store.remove(record.id)
      throw dead()
    }
    return { ...record, agent }
  }

  return {
    register: (agent) => ids.make(agent),
    agentOf: (clientId): RegisteredAgent | undefined => ids.read(clientId),

    ask: (byToken, asked) => waiting.add({ asked, byHash: sha256(byToken) }),
    waiting(byToken, ticket) {
      const found = waiting.find(ticket)
      return found?.byHash === sha256(byToken) ? found.asked : undefined
    },
    refuse(byToken, ticket) {
      const found = waiting.find(ticket)
      if (found?.byHash !== sha256(byToken)) return undefined
      return waiting.take(ticket)?.asked
    },

    async approve(byToken, ticket) {
      const by = await auth.find(byToken)
      if (!by) throw notAuthenticated()
      if (by.scopes !== undefined) throw insufficientScope('all')
      if (waiting.find(ticket)?.byHash !== by.hash) return undefined
      const found = waiting.take(ticket)
      if (!found) return undefined
      const longest = new Date(now().getTime() + longestDays * 24 * 3600_000)
      const until = by.expiresAt && by.expiresAt < longest ? by.expiresAt : longest
      const code = codes.add({ asked: found.asked, user: by.user, byHash: by.hash, until, id: randomBytes(12).toString('hex') })
      return { asked: found.asked, code }
    },

    async redeem({ code, clientId, redirectUri, verifier, resource }) {
      const approved = codes.take(code)
      const before = used.get(sha256(code))
      if (before !== undefined) await store.remove(before)
      if (!approved) throw dead()
      const { asked } = approved
      const isHis = asked.clientId === clientId && asked.redirectUri === redirectUri && challengeOf(verifier) === asked.challenge
      if (!isHis) throw dead()
      if (resource !== undefined && resource !== asked.resource)
        throw new OAuthFault('invalid_target', `The code is for ${asked.resource}.`)
      // Whoever let it in may have logged out since.
      if (!(await auth.userOfHash(approved.byHash))) throw dead()
      for (const oldest of used.keys()) if (used.size >= most) used.delete(oldest)
      used.set(sha256(code), approved.id)
      return letIn(approved)
    },

    async refresh({ refreshToken, clientId, scope }) {
      const { id, agent, scopes = [], expiresAt = now() } = await holder(refreshToken, clientId)
      const wanted: readonly string[] = scope === undefined ? scopes : readAgentScopes(scope)
      if (!wanted.every((each) => includesScope(scopes, each as Scope)))
        throw new OAuthFault('invalid_scope', `It was let in for ${scopes.join(' ')}.`)
      const [token, refresh] = [newToken(), newToken()]
      const next = { hash: sha256(token), refreshHash: sha256(refresh), freshUntil: freshUntil(expiresAt), scopes: wanted }
      // Of two at once one alone is answered; the other one's token is an old one by then.
      if (!(await store.renew(id, agent.refreshHash, next))) throw dead()
      return tokensOf(token, refresh, wanted)
    },

    async revoke(token) {
      const hash = sha256(token)
      const record = (await store.findRefresh(hash)) ?? (await store.find(hash))
      if (record?.agent) await store.remove(record.id)
    },
  }
}

/** S256 of RFC 7636; undefined for what is no verifier. */
const challengeOf = (verifier: string): string | undefined =>
  /^[\w.~-]{43,128}$/.test(verifier) ? createHash('sha256').update(verifier).digest('base64url') : undefined

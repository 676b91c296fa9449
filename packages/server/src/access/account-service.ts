import { randomBytes } from 'node:crypto'
import type { Credential } from '@ramet/model/api/account.ts'
import type { Me } from '@ramet/model/api/host.ts'
import { insufficientScope, notAuthenticated } from '@ramet/model/errors/errors.ts'
import type { Accounts, User } from '../services.ts'
import type { Db } from '../store/database.ts'
import type { TokenRecord, TokenStore } from '../store/tokens.ts'
import { findUserById, saveRegion } from '../store/users.ts'
import type { TokenAuth } from './auth.ts'
import { sessionDays } from './auth.ts'
import { newToken, sha256 } from './token-hash.ts'
import { WaitingSessions } from './waiting-sessions.ts'

const dayMs = 24 * 3600_000

/** Names programs that log in as labctl does. */
const programName = 'program'

/**
 * Accounts, and the programs that act for their users. What a session makes or lets in is a session too: it lives no longer than that, and the end of all sessions ends it. So whoever
 * stole a browser's session does not stay by it.
 */
export function accountService(db: Db, store: TokenStore, auth: Pick<TokenAuth, 'find'>, now = () => new Date()): Accounts {
  const sessions = new WaitingSessions(now)

  async function me(user: User): Promise<Me> {
    const row = await findUserById(db, user.id)
    return {
      id: user.id,
      name: user.name,
      role: row?.role ?? 'member',
      hasPassword: (row?.password ?? null) !== null,
      githubProfileId: '',
      ...(row?.region ? { preferredRegion: row.region } : {}),
    }
  }

  /** The record of a token that may make others. Throws `not_authenticated`, `insufficient_scope`. */
  async function maker(token: string): Promise<TokenRecord> {
    const record = await auth.find(token)
    if (!record) throw notAuthenticated()
    if (record.scopes !== undefined) throw insufficientScope('all')
    return record
  }

  const earlier = (a: Date, b: Date | undefined) => (b !== undefined && b < a ? b : a)

  return {
    me,

    async prefer(user, { region }) {
      await saveRegion(db, user.id, region)
      return me(user)
    },

    beginSession: (from) => sessions.begin(from),
    waiting: (id) => sessions.find(id),

    async userOfSession(id, token) {
      if (sessions.has(id, token)) return null
      const record = await auth.find(token)
      return record?.id === id ? record.user : undefined
    },

    async admit(id, token) {
      const by = await maker(token)
      const waiting = sessions.take(id)
      if (!waiting) return false
      await store.removeExpired(now())
      await store.add({
        id,
        user: by.user,
        kind: 'session',
        name: `${programName} (${waiting.from})`,
        hash: waiting.hash,
        createdAt: now(),
        expiresAt: earlier(new Date(now().getTime() + sessionDays * dayMs), by.expiresAt),
        loggedInAt: by.loggedInAt,
      })
      return true
    },

    async makeToken(byToken, { name, scope, expiresInDays }) {
      const by = await maker(byToken)
      const token = newToken()
      const record: TokenRecord = {
        id: randomBytes(12).toString('hex'),
        user: by.user,
        kind: by.kind,
        name,
        hash: sha256(token),
        createdAt: now(),
        expiresAt: earlier(new Date(now().getTime() + expiresInDays * dayMs), by.expiresAt),
        loggedInAt: by.loggedInAt,
        ...(scope && scope.length > 0 ? { scopes: [...new Set(scope)] } : {}),
      }
      await store.removeExpired(now())
      await store.add(record)
      return {
        id: record.id,
        kind: 'token',
        name,
        scope: [...(record.scopes ?? [])],
        createdAt: record.createdAt.toISOString(),
        expiresAt: record.expiresAt?.toISOString() ?? '',
        accessToken: token,
      }
    },

    async credentials(user, currentToken) {
      const current = await auth.find(currentToken)
      const all = await store.listOf(user.id)
      return all
        .filter(({ expiresAt }) => expiresAt === undefined || expiresAt > now())
        .map(
          ({ id, kind, name, scopes, createdAt, expiresAt, agent }): Credential => ({
            id,
            kind: agent ? 'agent' : kind === 'session' ? 'session' : expiresAt === undefined ? 'cli' : 'token',
            name,
            ...(scopes === undefined ? {} : { scope: [...scopes] }),
            createdAt: createdAt.toISOString(),
            ...(expiresAt === undefined ? {} : { expiresAt: expiresAt.toISOString() }),
            isCurrent: id === current?.id,
          }),
        )
    },

    endCredential: (user, id) => store.removeOf(user.id, id),
  }
}

import type { ProviderId } from '@ramet/model/api/sign-in.ts'
import { nameTaken, notAuthenticated, notFound } from '@ramet/model/errors/errors.ts'
import { accountDisabled, identityTaken, noAccount, signInGone, unknownProvider } from '@ramet/model/errors/sign-in-errors.ts'
import { ownPath } from '@ramet/model/units/own-path.ts'
import type { TokenAuth } from '../access/auth.ts'
import { newToken, sha256 } from '../access/token-hash.ts'
import type { Entry } from '../audit/entry.ts'
import { ShortLived } from '../oauth/short-lived.ts'
import type { SignIns, User } from '../services.ts'
import { type Db, transaction } from '../store/database.ts'
import { findUserOfPerson, insertIdentity, listIdentities, noteIdentityUsed, removeIdentity } from '../store/identities.ts'
import { findUser, insertUser, noted, userOf } from '../store/users.ts'
import { nameFor } from './name-for.ts'
import type { Provider, Secrets, Vouched } from './provider.ts'

/** How long a browser may be at a provider. */
export const awayMinutes = 10
/** Strangers may begin as well: the oldest is forgotten first. */
const mostAway = 10_000

interface Away {
  readonly provider: Provider
  readonly secrets: Secrets
  readonly to: string
  /** Whose account the person is connected to: SHA-256 of the token of whoever asked for it. Absent: he signs in. */
  readonly connectFor?: string
}

/** Where a provider sends a browser back to. */
export const callbackPath = (id: ProviderId): string => `/auth/${id}/callback`

/**
 * Sign-in by those who say who people are. A browser is sent there with a state, a nonce and a challenge that are kept here behind a cookie of its own, and each is good once: so it comes back as the one that
 * went, by what it went for. Who somebody is, is issuer and subject; an address by mail says nothing here but whether he is welcome.
 */
export function signInService(
  db: Db,
  auth: Pick<TokenAuth, 'openSessionFor' | 'userOfHash'>,
  providers: readonly Provider[],
  now = () => new Date(),
): SignIns {
  const away = new ShortLived<Away>(awayMinutes * 60_000, mostAway, now)
  const provided = (id: string) => {
    const found = providers.find((each) => each.id === id)
    if (!found) throw unknownProvider(id)
    return found
  }

  /** The user of a person: his own, or a new one where he is welcome. */
  const letIn = (person: Vouched, label: string, entry: Entry | undefined): Promise<User> =>
    transaction(db, async (trx) => {
      const known = await findUserOfPerson(trx, person)
      if (known) {
        entry?.about({ subject: known.name, aboutId: known.id })
        if (known.disabled_at !== null) throw accountDisabled()
        await noteIdentityUsed(trx, known.id, person)
        return userOf(known)
      }
      if (!person.isWelcome) throw noAccount(person.name, label)
      const made = await insertUser(trx, await freeName(trx, person.name), 'member')
      await insertIdentity(trx, made.id, person)
      entry?.about({ subject: made.name, detail: `by ${label}: a new account` })
      return userOf(made)
    })

  const connect = (person: Vouched, label: string, user: User, entry: Entry | undefined): Promise<void> =>
    transaction(db, async (trx) => {
      const known = await findUserOfPerson(trx, person)
      if (known && known.id !== user.id) throw identityTaken(person.name, label)
      if (known) await noteIdentityUsed(trx, user.id, person)
      else await insertIdentity(trx, user.id, person)
      await entry?.write(trx)
    })

  return {
    providers: () => providers.map(({ id, label }) => ({ id, label })),

    async begin(id, { origin, to, connectFor }) {
      const provider = provided(id)
      const redirectUri = origin + callbackPath(provider.id)
      const secrets = { state: newToken(), nonce: newToken(), verifier: newToken(), redirectUri }
      const url = await provider.begin(secrets)
      const kept = connectFor === undefined ? {} : { connectFor: sha256(connectFor) }
      return { url: url.href, ticket: away.add({ provider, secrets, to: ownPath(to), ...kept }) }
    },

    async finish(id, ticket, query, entry) {
      const provider = provided(id)
      const found = away.take(ticket)
      if (found?.provider !== provider) throw signInGone()
      entry?.about({ detail: `by ${provider.label}` })
      if (found.connectFor !== undefined) entry?.as('identity.connect')
      const person = await provider.finish(query, found.secrets)
      entry?.about({ detail: `by ${provider.label}: ${person.name}` })
      if (found.connectFor === undefined) {
        const session = await auth.openSessionFor(await letIn(person, provider.label, entry))
        entry?.by(session.user, 'browser')
        return { to: found.to, token: session.token }
      }
      const user = await auth.userOfHash(found.connectFor)
      if (!user) throw notAuthenticated()
      entry?.by(user)
      await connect(person, provider.label, user, entry)
      return { to: found.to, token: undefined }
    },

    identities: async (user) =>
      (await listIdentities(db, user.id)).map(({ id, provider, issuer, name, created_at, used_at }) => ({
        id,
        provider,
        issuer,
        name,
        createdAt: created_at,
        usedAt: used_at,
      })),

    disconnect: (user, id) =>
      transaction(db, async (trx) => {
        const removed = await removeIdentity(trx, user.id, id)
        if (!removed) throw notFound('identity', id)
        await noted(user, trx, { subject: removed.name, detail: removed.issuer })
      }),
  }
}

const mostTries = 100

/** A name like that elsewhere, which nobody has here. Throws `name_taken` when all that are alike are taken. */
async function freeName(trx: Db, like: string): Promise<string> {
  for (let count = 1; count <= mostTries; count += 1) {
    const name = nameFor(like, count)
    if (!(await findUser(trx, name))) return name
  }
  throw nameTaken('user', nameFor(like, 1))
}

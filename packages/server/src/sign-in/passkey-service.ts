import type { AddPasskey, UsePasskey } from '@ramet/model/api/sign-in.ts'
import { notFound } from '@ramet/model/errors/errors.ts'
import { noPasskeysHere, tooManyPasskeys, wrongPasskey } from '@ramet/model/errors/sign-in-errors.ts'
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'
import type { TokenAuth } from '../access/auth.ts'
import { ShortLived } from '../oauth/short-lived.ts'
import type { Passkeys } from '../services.ts'
import { type Db, now as storeNow, transaction } from '../store/database.ts'
import { findPasskey, insertPasskey, listPasskeys, notePasskeyUsed, removePasskey, renamePasskey } from '../store/passkeys.ts'
import type { PasskeyRow } from '../store/schema.ts'
import { noted } from '../store/users.ts'
import { passkeyPlace } from './passkey-place.ts'

/** How long a person may look for his finger or his key. */
const askedMs = 5 * 60_000
/** Strangers ask as well: the oldest is forgotten first. */
const mostAsked = 10_000
const mostPasskeys = 50

interface Asked {
  readonly challenge: string
  readonly rpId: string
  readonly origin: string
  /** Absent: somebody signs in. */
  readonly userId?: string
}

const placeOf = (origin: string) => {
  const place = passkeyPlace(origin)
  if ('whyNot' in place) throw noPasskeysHere(place.whyNot)
  return place
}

/** Only a server that is asked for passkeys loads what they need. */
const webauthn = () => import('@simplewebauthn/server')

/**
 * Passkeys (WebAuthn): the authenticator keeps who one is, and asks for a finger, a face or a PIN, so that a passkey alone signs in. What it answers is good for one challenge, for this origin, once.
 */
export function passkeyService(db: Db, auth: Pick<TokenAuth, 'openSessionFor'>, now = () => new Date()): Passkeys {
  const asked = new ShortLived<Asked>(askedMs, mostAsked, now)

  /** What was asked for, once. */
  const take = (ticket: string, userId: string | undefined): Asked => {
    const found = asked.take(ticket)
    if (!found || found.userId !== userId) throw wrongPasskey()
    return found
  }

  return {
    async askToAdd(user, origin) {
      const place = placeOf(origin)
      const { generateRegistrationOptions } = await webauthn()
      const options = await generateRegistrationOptions({
        rpName: 'Ramet',
        rpID: place.rpId,
        userName: user.name,
        userDisplayName: user.name,
        // One that is there already would only be replaced.
        excludeCredentials: (await listPasskeys(db, user.id)).map(({ id, transports }) => ({
          id,
          transports: readTransports(transports),
        })),
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
        timeout: askedMs,
      })
      const ticket = asked.add({ challenge: options.challenge, ...place, userId: user.id })
      return { ticket, options: { ...options } }
    },

    async add(user, { ticket, name, answer }: AddPasskey) {
      const { challenge, origin, rpId } = take(ticket, user.id)
      const { verifyRegistrationResponse } = await webauthn()
      const response = answer as unknown as RegistrationResponseJSON
      const how = { response, expectedChallenge: challenge, expectedOrigin: origin, expectedRPID: rpId }
      const { registrationInfo } = await verifyRegistrationResponse(how).catch(() => {
        throw wrongPasskey()
      })
      if (!registrationInfo) throw wrongPasskey()
      const { credential, credentialBackedUp } = registrationInfo
      const row: PasskeyRow = {
        id: credential.id,
        user_id: user.id,
        rp_id: rpId,
        name,
        public_key: Buffer.from(credential.publicKey).toString('base64url'),
        counter: credential.counter,
        transports: JSON.stringify(credential.transports ?? []),
        is_backed_up: credentialBackedUp ? 1 : 0,
        created_at: storeNow(),
        used_at: null,
      }
      await transaction(db, async (trx) => {
        if ((await listPasskeys(trx, user.id)).length >= mostPasskeys) throw tooManyPasskeys(mostPasskeys)
        // An id is the authenticator's to choose: it takes nobody's place.
        if (await findPasskey(trx, row.id)) throw wrongPasskey()
        await insertPasskey(trx, row)
        await noted(user, trx, { subject: name })
      })
      return toPasskey(row)
    },

    async askToUse(origin) {
      const place = placeOf(origin)
      const { generateAuthenticationOptions } = await webauthn()
      const options = await generateAuthenticationOptions({ rpID: place.rpId, userVerification: 'required', timeout: askedMs })
      return { ticket: asked.add({ challenge: options.challenge, ...place }), options: { ...options } }
    },

    async use({ ticket, answer }: UsePasskey, entry) {
      const { challenge, origin, rpId } = take(ticket, undefined)
      const found = await findPasskey(db, answer.id)
      if (!found) throw wrongPasskey()
      const { row, user } = found
      entry?.about({ subject: user.name, detail: `by the passkey ${row.name}`, aboutId: user.id })
      const { verifyAuthenticationResponse } = await webauthn()
      const credential = {
        id: row.id,
        publicKey: new Uint8Array(Buffer.from(row.public_key, 'base64url')),
        counter: Number(row.counter),
        transports: readTransports(row.transports),
      }
      const { verified, authenticationInfo } = await verifyAuthenticationResponse({
        response: answer as unknown as AuthenticationResponseJSON,
        expectedChallenge: challenge,
        expectedOrigin: origin,
        expectedRPID: rpId,
        credential,
      }).catch(() => {
        throw wrongPasskey()
      })
      if (!verified) throw wrongPasskey()
      const { newCounter, credentialBackedUp } = authenticationInfo
      // Of two answers with one counter one was made by a copy.
      if (!(await notePasskeyUsed(db, row.id, credential.counter, newCounter, credentialBackedUp))) throw wrongPasskey()
      const session = await auth.openSessionFor(user)
      entry?.by(user, 'browser')
      return session
    },

    list: async (user) => (await listPasskeys(db, user.id)).map(toPasskey),

    async rename(user, id, name) {
      if (!(await renamePasskey(db, user.id, id, name))) throw notFound('passkey', id)
    },

    remove: (user, id) =>
      transaction(db, async (trx) => {
        const removed = await removePasskey(trx, user.id, id)
        if (!removed) throw notFound('passkey', id)
        await noted(user, trx, { subject: removed.name })
      }),
  }
}

type Transports = NonNullable<RegistrationResponseJSON['response']['transports']>
const readTransports = (text: string) => JSON.parse(text) as Transports

const toPasskey = ({ id, name, created_at, used_at, is_backed_up }: PasskeyRow) => ({
  id,
  name,
  createdAt: created_at,
  ...(used_at === null ? {} : { usedAt: used_at }),
  isBackedUp: is_backed_up === 1,
})

import type { IncomingMessage } from 'node:http'
import { can } from '@ramet/model/access/can.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { notFound } from '@ramet/model/errors/errors.ts'
import { credentialsOf } from '../access/credentials.ts'
import type { Auth, Ports, User } from '../services.ts'
import type { PublishedPortRow } from '../store/schema.ts'
import { isForeign } from './foreign-request.ts'
import { passIn, readPass } from './port-cookie.ts'

/** Whoever may use a port, in whose name the guest is reached. */
export interface Visit {
  readonly port: PublishedPortRow
  readonly user: User
  readonly ownerId: string
  /** The Authorization of the request was for this server. */
  readonly isOwnAuthorization: boolean
  /** Somebody who is known. */
  readonly isLoggedIn: boolean
}

export interface Visitor {
  readonly request: IncomingMessage
  readonly name: string
  /** Of the port, as the client asks it. */
  readonly origin: string
  readonly isUpgrade: boolean
}

export interface VisitTools {
  readonly ports: Pick<Ports, 'find'>
  readonly auth: Pick<Auth, 'userOf' | 'userOfHash'>
  readonly key: Buffer
}

export const signInNeeded = () =>
  new RametError('sign_in_needed', 401, 'This is private.', {
    hint: 'Open it from the dashboard, or send an API token: Authorization: Bearer TOKEN.',
  })

export const portForbidden = () =>
  new RametError('port_forbidden', 403, 'This is not yours, or is not there.', {
    hint: 'Ask whoever gave you the address to publish it: ramet expose RUN PORT --public',
  })

export const foreignPage = () =>
  new RametError('forbidden_origin', 403, 'A page of another origin may not ask a private port or a shell.', {
    hint: 'Publish the port (--public) if pages of other hosts are to use it.',
  })

/** Decides who comes and whether he may, anew for each request. Throws not_found, sign_in_needed, port_forbidden, forbidden_origin. */
export async function admitVisitor({ ports, auth, key }: VisitTools, visitor: Visitor): Promise<Visit> {
  const found = await ports.find(visitor.name)
  if (!found) throw notFound('published port', visitor.name)
  const { row: port, owner } = found
  const { headers } = visitor.request
  // A Bearer is deliberate. Basic and cookies are what browsers send along; but a token of this server goes to no guest, however it came.
  const given = headers.authorization === undefined ? undefined : credentialsOf(headers, '')
  const holder = given && (await auth.userOf(given.token))
  const bearer = given?.kind === 'deliberate' ? holder : undefined
  const known = { port, ownerId: owner.id, isOwnAuthorization: holder !== undefined }
  if (port.access === 'public') return { ...known, user: owner, isLoggedIn: bearer !== undefined }
  const isOwner = (user: User) => can(user, 'run.enter', { ownerId: owner.id })
  if (bearer) {
    if (!isOwner(bearer)) throw portForbidden()
    return { ...known, user: bearer, isLoggedIn: true }
  }
  const pass = readPass(key, passIn(headers.cookie ?? '') ?? '')
  if (pass?.portId !== port.id) throw signInNeeded()
  const user = await auth.userOfHash(pass.loginHash)
  if (!user) throw signInNeeded()
  if (!isOwner(user)) throw portForbidden()
  if (isForeign(visitor.request, visitor.origin, visitor.isUpgrade)) throw foreignPage()
  return { ...known, user, isLoggedIn: true }
}

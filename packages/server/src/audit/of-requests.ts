import { auditedRoutes, auditedSockets, isUntold } from '@ramet/model/access/audited.ts'
import type { FastifyRequest } from 'fastify'
import type { Route } from '../http/route.ts'
import type { AskedSocket } from '../http/web-sockets.ts'
import type { Audit, User } from '../services.ts'
import type { Entry } from './entry.ts'
import { tellFailure } from './tell-failure.ts'

/** As the table has it: `/api/plays/{id}`. */
const named = (path: string) => path.replace(/:(\w+)/g, '{$1}')

/** The entry of a request, unless the table says that it is not told of. What it is about is, until somebody knows better, what its path names. */
export function openEntry(
  audit: Pick<Audit, 'begin'>,
  { method, path }: Pick<Route, 'method' | 'path'>,
  request: FastifyRequest,
  user: User | undefined,
): Entry | undefined {
  const audited = auditedRoutes[`${method} ${named(path)}`]
  if (audited === undefined || isUntold(audited)) return undefined
  const action = typeof audited === 'string' ? audited : audited.of(request.body)
  const [subject] = Object.values(request.params as Record<string, string>)
  const entry = audit.begin(action, request.raw.socket.remoteAddress).about({ subject })
  return user ? entry.by(user) : entry
}

/** Tells of a websocket that leads into a machine, or was refused. */
export async function tellOfSocket<T>(
  audit: Pick<Audit, 'begin'>,
  path: string,
  { request, params: [id, machine] }: AskedSocket,
  user: User,
  open: () => Promise<T>,
): Promise<T> {
  const audited = auditedSockets[named(decodeURIComponent(path))]
  if (audited === undefined || typeof audited !== 'string') return open()
  const entry = audit.begin(audited, request.socket.remoteAddress).by(user).about({ subject: id, detail: machine })
  const opened = await tellFailure(entry, open)
  await entry.done()
  return opened
}

import { isIPv6 } from 'node:net'
import { can } from '@ramet/model/access/can.ts'
import {
  exposePortSchema,
  exposeShellSchema,
  type Port,
  portLoginAnswerSchema,
  portLoginSchema,
  portSchema,
  type Shell,
  savedForwardSchema,
  saveForwardSchema,
  scannedPortSchema,
  shellSchema,
} from '@ramet/model/api/ports.ts'
import { routes } from '@ramet/model/api/routes.ts'
import { invalidInput } from '@ramet/model/errors/errors.ts'
import { lineSchema } from '@ramet/model/units/plain-text.ts'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { credentialsOf } from '../../access/credentials.ts'
import type { Gate } from '../../access/gate.ts'
import { sha256 } from '../../access/token-hash.ts'
import type { Handovers } from '../../ports/handovers.ts'
import { portHost } from '../../ports/port-host.ts'
import { portForbidden } from '../../ports/port-visit.ts'
import type { Services } from '../../services.ts'
import { type HostPortRow, isHostPort } from '../../store/published-ports.ts'
import type { PublishedPortRow } from '../../store/schema.ts'
import { type Route, route } from '../route.ts'
import type { IsSecure } from '../secure-requests.ts'

export interface PortRouteTools {
  readonly services: Pick<Services, 'ports'>
  readonly gate: Pick<Gate, 'cookieName'>
  readonly handovers: Handovers
  readonly isSecure: IsSecure
  readonly domain: string
}

export function portRoutes({ services, gate, handovers, isSecure, domain }: PortRouteTools): Route[] {
  const { ports } = services
  const originOf = ({ raw }: FastifyRequest, name: string) =>
    `${isSecure(raw) ? 'https' : 'http'}://${portHost(name, domain, raw.headers.host)}`
  const toPort = (request: FastifyRequest, row: PublishedPortRow): Port => ({
    ...toNamedPort(request, row),
    ...(isHostPort(row) ? toHostPort(row) : {}),
  })
  const toNamedPort = (request: FastifyRequest, row: PublishedPortRow): Port => ({
    id: row.id,
    playId: row.run_id,
    machine: row.machine,
    number: row.number ?? 0,
    hostname: `${row.name}.${domain}`,
    access: row.access,
    tls: row.tls === 1,
    ...(row.host_rewrite === null ? {} : { hostRewrite: row.host_rewrite }),
    ...(row.path_rewrite === null ? {} : { pathRewrite: row.path_rewrite }),
    url: `${originOf(request, row.name)}/`,
  })
  const toShell = (request: FastifyRequest, row: PublishedPortRow): Shell => ({
    id: row.id,
    playId: row.run_id,
    machine: row.machine,
    user: row.account ?? '',
    hostname: `${row.name}.${domain}`,
    access: row.access,
    url: `${originOf(request, row.name)}/`,
  })
  return [
    route({
      method: 'GET',
      path: routes.shells(':id'),
      permission: 'run.read',
      params: ['id'],
      summary: 'Shells of the run that are pages with a host name of their own',
      answer: z.array(shellSchema),
      handle: async ({ user, params, request }) =>
        (await ports.list(user, params.id)).filter(({ account }) => account !== null).map((row) => toShell(request, row)),
    }),
    route({
      method: 'POST',
      path: routes.shells(':id'),
      permission: 'run.publish',
      params: ['id'],
      summary:
        'Publishes a shell of a machine as a page with a terminal: for its owner (private) or for whoever knows the name (public)',
      body: exposeShellSchema,
      answer: shellSchema,
      handle: async ({ user, params, body, request }) => toShell(request, await ports.exposeShell(user, params.id, body)),
    }),
    route({
      method: 'DELETE',
      path: routes.shell(':id', ':shell'),
      permission: 'run.publish',
      params: ['id', 'shell'],
      summary: 'Ends the publishing of a shell, and what is open to it',
      answer: z.object({}),
      async handle({ user, params }) {
        await ports.remove(user, params.id, params.shell, 'shell')
        return {}
      },
    }),
    route({
      method: 'GET',
      path: routes.ports(':id'),
      permission: 'run.read',
      params: ['id'],
      summary: 'Published ports of the run: under host names of their own, and as ports of the host',
      answer: z.array(portSchema),
      handle: async ({ user, params, request }) =>
        (await ports.list(user, params.id)).filter(({ account }) => account === null).map((row) => toPort(request, row)),
    }),
    route({
      method: 'POST',
      path: routes.ports(':id'),
      permission: 'run.publish',
      params: ['id'],
      summary:
        'Publishes a port: under a host name of its own, for its owner (private) or for whoever knows the name (public); or by `protocol` as a TCP or UDP port of the host',
      body: exposePortSchema,
      answer: portSchema,
      handle: async ({ user, params, body, request }) => toPort(request, await ports.expose(user, params.id, body)),
    }),
    route({
      method: 'POST',
      path: routes.portScan(':id'),
      permission: 'run.enter',
      params: ['id'],
      summary: 'Ports on which something answers with HTTP or HTTPS, of one machine or of all',
      query: z.object({ machine: lineSchema(0, 200).optional() }),
      answer: z.array(scannedPortSchema),
      handle: ({ user, params, query }) => ports.scan(user, params.id, query.machine),
    }),
    route({
      method: 'DELETE',
      path: routes.port(':id', ':port'),
      permission: 'run.publish',
      params: ['id', 'port'],
      summary: 'Ends the publishing of a port, and what is open to it',
      answer: z.object({}),
      async handle({ user, params }) {
        await ports.remove(user, params.id, params.port, 'port')
        return {}
      },
    }),
    route({
      method: 'GET',
      path: routes.portForwards(':id'),
      permission: 'run.read',
      params: ['id'],
      summary: 'Forwards that the run has saved, at first those of its manifest; clients restore them',
      answer: z.array(savedForwardSchema),
      handle: async ({ user, params }) => [...(await ports.forwards(user, params.id))],
    }),
    route({
      method: 'POST',
      path: routes.portForwards(':id'),
      permission: 'run.publish',
      params: ['id'],
      summary: 'Saves a forward with the run; one that is saved already changes nothing',
      body: saveForwardSchema,
      answer: z.object({}),
      async handle({ user, params, body }) {
        await ports.saveForward(user, params.id, body)
        return {}
      },
    }),
    route({
      method: 'DELETE',
      path: routes.portForward(':id', ':index'),
      permission: 'run.publish',
      params: ['id', 'index'],
      summary: 'Removes a saved forward by its place in the list, from 0',
      answer: z.object({}),
      async handle({ user, params }) {
        if (!/^\d{1,4}$/.test(params.index)) throw invalidInput('The place of a forward is a number from 0.', 'index')
        await ports.removeForward(user, params.id, Number(params.index))
        return {}
      },
    }),
    route({
      method: 'POST',
      path: routes.portLogins(),
      permission: 'account.read',
      summary: 'A URL that lets the browser of whoever asks into a private port: once, within a minute',
      body: portLoginSchema,
      answer: portLoginAnswerSchema,
      async handle({ user, body, request }) {
        const found = await ports.find(body.name)
        const token = credentialsOf(request.headers, gate.cookieName)?.token
        if (!found || token === undefined || !can(user, 'run.enter', { ownerId: found.owner.id })) throw portForbidden()
        const ticket = handovers.make({ portId: found.row.id, loginHash: sha256(token) })
        const query = new URLSearchParams({ ticket, to: body.to ?? '/' })
        return { url: `${originOf(request, found.row.name)}/.ramet/enter?${query}` }
      },
    }),
  ]
}

/** A port of the host has no name of its own. */
function toHostPort({ protocol, host_address: hostname, host_port: hostPort }: HostPortRow) {
  return { hostname, protocol, hostPort, url: `${protocol}://${isIPv6(hostname) ? `[${hostname}]` : hostname}:${hostPort}` }
}

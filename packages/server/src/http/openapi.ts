import { STATUS_CODES } from 'node:http'
import { createTokenSchema, credentialSchema, sessionSchema, tokenSchema } from '@ramet/model/api/account.ts'
import { auditEntrySchema } from '@ramet/model/api/audit.ts'
import { eventSchema } from '@ramet/model/api/events.ts'
import { checkSchema, findingSchema, healthSchema, imageDetailsSchema, imageSchema, meSchema } from '@ramet/model/api/host.ts'
import { journalRequestSchema } from '@ramet/model/api/journal.ts'
import { lineageSchema } from '@ramet/model/api/lineage.ts'
import { searchItemSchema } from '@ramet/model/api/search.ts'
import { startTunnelSchema } from '@ramet/model/api/tunnel.ts'
import { usageSchema } from '@ramet/model/api/usage.ts'
import {
  changePlaygroundSchema,
  clonePlaySchema,
  createPlaygroundSchema,
  createPlaySchema,
  playActionSchema,
  playgroundSchema,
  playSchema,
  playTaskDetailsSchema,
  playTaskSchema,
  removedPlaygroundSchema,
  savePlaySchema,
} from '@ramet/model/api/wire.ts'
import { errorBodySchema } from '@ramet/model/errors/error.ts'
import { z } from 'zod'
import type { Route } from './route.ts'
import type { SocketRoute } from './web-sockets.ts'

/** Shapes that have a name of their own in the description. */
const named = {
  AuditEntry: auditEntrySchema,
  ChangePlayground: changePlaygroundSchema,
  Check: checkSchema,
  ClonePlay: clonePlaySchema,
  CreatePlay: createPlaySchema,
  CreatePlayground: createPlaygroundSchema,
  CreateToken: createTokenSchema,
  Credential: credentialSchema,
  ErrorBody: errorBodySchema,
  Event: eventSchema,
  Finding: findingSchema,
  Health: healthSchema,
  Image: imageSchema,
  ImageDetails: imageDetailsSchema,
  JournalRequest: journalRequestSchema,
  Lineage: lineageSchema,
  Me: meSchema,
  Play: playSchema,
  PlayAction: playActionSchema,
  Playground: playgroundSchema,
  PlayTask: playTaskSchema,
  PlayTaskDetails: playTaskDetailsSchema,
  RemovedPlayground: removedPlaygroundSchema,
  SavePlay: savePlaySchema,
  SearchItem: searchItemSchema,
  Session: sessionSchema,
  StartTunnel: startTunnelSchema,
  Token: tokenSchema,
  Usage: usageSchema,
}

const uri = (id: string) => `#/components/schemas/${id}`

type Json = Record<string, unknown>

/** Describes the served routes as an OpenAPI 3.1 document. */
export function describeApi(routes: readonly Route[], sockets: readonly SocketRoute[]): Json {
  const components = z.registry<{ id: string }>()
  for (const [id, schema] of Object.entries(named)) components.add(schema, { id })
  const toSchema = (schema: z.ZodType): Json => {
    const name = components.get(schema)?.id
    if (name !== undefined) return { $ref: uri(name) }
    if (schema instanceof z.ZodArray) return { type: 'array', items: toSchema(schema.element as z.ZodType) }
    if (schema instanceof z.ZodUnion) return { anyOf: schema.options.map((option) => toSchema(option as z.ZodType)) }
    return tidy(z.toJSONSchema(schema, { io: 'input' }))
  }

  const described: Record<string, Json> = {}
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}')
    described[path] = { ...described[path], [route.method.toLowerCase()]: describe(route, toSchema) }
  }
  for (const socket of sockets) {
    const path = socket.path.replace(/:(\w+)/g, '{$1}').replace(/\*$/, '{address}')
    described[path] = { ...described[path], get: describeSocket(socket, path) }
  }
  const { schemas } = z.toJSONSchema(components, { io: 'input', uri })
  return {
    openapi: '3.1.0',
    info: {
      title: 'Ramet',
      version: '1',
      description:
        'Playgrounds of real Linux machines. A GET with `x-websocket` is a websocket; frames of terminals, commands and consoles are described in packages/model/src/api/stream.ts.',
    },
    paths: described,
    components: {
      schemas: Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, tidy(schema as Json)])),
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' }, basic: { type: 'http', scheme: 'basic' } },
    },
    security: [{ bearer: [] }, { basic: [] }],
  }
}

function describeSocket({ summary, permission }: SocketRoute, path: string): Json {
  return {
    summary,
    ...(permission === 'anyone' ? { security: [] } : {}),
    'x-permission': permission,
    'x-websocket': true,
    parameters: pathParameters(path),
    responses: { 101: { description: STATUS_CODES[101] }, default: refusal },
  }
}

const pathParameters = (path: string) =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({ name, in: 'path', required: true, schema: { type: 'string' } }))

const refusal = { description: 'What went wrong', content: { 'application/json': { schema: { $ref: uri('ErrorBody') } } } }

function describe(route: Route, toSchema: (schema: z.ZodType) => Json): Json {
  const parameters = pathParameters(route.path.replace(/:(\w+)/g, '{$1}'))
  const query = route.query ? (toSchema(route.query).properties as Json) : {}
  return {
    summary: route.summary,
    ...(route.permission === 'anyone' ? { security: [] } : {}),
    'x-permission': route.permission,
    parameters: [
      ...parameters,
      ...Object.entries(query).map(([name, schema]) => ({ name, in: 'query', schema })),
      ...Object.entries(route.headers ?? {}).map(([name, description]) => ({
        name,
        in: 'header',
        description,
        schema: { type: 'string' },
      })),
    ],
    ...(route.takes && !route.body
      ? { requestBody: { content: { [route.takes]: { schema: { type: 'string', format: 'binary' } } } } }
      : {}),
    ...(route.body
      ? { requestBody: { content: { [route.takes ?? 'application/json']: { schema: toSchema(route.body) } } } }
      : {}),
    responses: {
      200: {
        description: STATUS_CODES[200],
        content: { [route.produces ?? 'application/json']: { schema: toSchema(route.answer) } },
      },
      default: refusal,
    },
  }
}

/** Removes keywords that only a schema in its own file needs. */
function tidy({ $schema: _schema, $id: _id, ...schema }: Json): Json {
  return schema
}

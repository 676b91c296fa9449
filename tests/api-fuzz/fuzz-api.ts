import assert from 'node:assert/strict'
import { WebSocket } from 'ws'
import openApi from '../../docs/openapi.json' with { type: 'json' }
import type { TestServer } from '../harness/server.ts'
import { Chance, ValuesBySchema } from './values-by-schema.ts'
import { writtenRows } from './written-rows.ts'

interface Operation {
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly schema: unknown }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: unknown }>> }
  readonly 'x-websocket'?: boolean
}

interface Target extends Operation {
  readonly method: string
  readonly path: string
}

const targets: Target[] = Object.entries(openApi.paths as unknown as Record<string, Record<string, Operation>>).flatMap(
  ([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, method: method.toUpperCase(), path })),
)

const fewLogins = 200
const isLogin = ({ method, path }: Target) => method === 'POST' && path === '/api/auth/login'

const others = targets.filter((each) => !isLogin(each))

/** Words that every server knows. */
const known = [
  'debian',
  'flexbox',
  'root',
  'web',
  'debian-stable',
  'seed',
  'stop',
  '1',
  '5m',
  'eu',
  'playground',
  'f'.repeat(24),
  '/',
  '8GiB',
  '10.0.0.0/24',
]

export interface FuzzResult {
  readonly counts: ReadonlyMap<number, number>
}

/**
 * Sends requests to a server of the fake world, made by chance from the OpenAPI document: each path, method, parameter and body, right and wrong. Throws at the first answer that is a fault of the
 * server's, at one that does not come, and when a refused request or one that only reads has changed anything.
 */
export async function fuzzApi(server: TestServer, requests: number, seed: number): Promise<FuzzResult> {
  const chance = new Chance(seed)
  const words = new Set(known)
  const values = new ValuesBySchema(chance, openApi.components.schemas, () => [...words])
  const token = await server.token()
  using rows = writtenRows(server)
  const counts = new Map<number, number>()
  let before = rows.picture()
  for (let at = 0; at < requests; at += 1) {
    // Each failed login waits longer than the one before.
    const target = chance.of(at < fewLogins ? targets : others)
    const path = pathFor(target, values, chance)
    const body = bodyFor(target, values, chance)
    const what = `request ${at} of seed ${seed}: ${target.method} ${path.slice(0, 500)} ${String(body).slice(0, 1000)}`
    const { status, text } = target['x-websocket']
      ? await upgrade(server.endpoint + path, token, values)
      : await ask(server.endpoint + path, target.method, body, token, chance).catch((error: unknown) => {
          throw new Error(`${what}: ${(error as Error).message}`, { cause: error })
        })
    counts.set(status, (counts.get(status) ?? 0) + 1)
    assert.ok(status < 500 || status === 503 || status === 502, `${what}: ${status} ${text}`)
    if (status >= 400 && text !== '' && !text.startsWith('<!doctype')) assert.equal(typeof JSON.parse(text).code, 'string', what)
    const after = rows.picture()
    if (status >= 400 || target.method === 'GET') assert.equal(after, before, `${what}: ${status}, and something has changed`)
    before = after
    for (const [, id] of text.slice(0, 20_000).matchAll(/"(?:id|name)":"([^"]{1,64})"/g))
      if (words.size < 200) words.add(id as string)
  }
  return { counts }
}

function pathFor({ path, parameters }: Target, values: ValuesBySchema, chance: Chance): string {
  const filled = path.replace(/\{\w+\}/g, () => encodeURIComponent(wellFormed(values.text())) || 'x')
  const query = parameters
    .filter((parameter) => parameter.in === 'query' && chance.is(0.5))
    .map(({ name, schema }) => `${name}=${encodeURIComponent(wellFormed(String(values.of(schema))).slice(0, 2000))}`)
  const end = chance.is(0.02) ? '%zz' : ''
  return filled.slice(0, 6000) + end + (query.length === 0 ? '' : `?${query.join('&')}`)
}

/** encodeURIComponent takes no half of a pair. */
const wellFormed = (text: string) => text.toWellFormed()

function bodyFor({ method, requestBody }: Target, values: ValuesBySchema, chance: Chance): string | undefined {
  if (method === 'GET') return undefined
  if (chance.is(0.03)) return chance.of(['{', '', 'null', '[]', '"', '{"a":1}x', '\ufeff{}', '['.repeat(5000)])
  const [content] = Object.values(requestBody?.content ?? {})
  // Each third request is one that fits.
  return content ? JSON.stringify(values.of(content.schema, chance.is(0.33) ? 0 : 0.08)) : undefined
}

async function ask(url: string, method: string, body: string | undefined, token: string, chance: Chance) {
  const abort = new AbortController()
  const late = setTimeout(() => abort.abort(new Error('no answer within 20 s')), 20_000)
  try {
    const answer = await fetch(url, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': chance.of(['application/json', 'application/json', 'text/plain', 'application/x-tar', 'a/b']),
        ...(chance.is(0.1) ? { 'idempotency-key': chance.of(['k', 'l', 'x'.repeat(300)]) } : {}),
      },
      ...(body === undefined ? {} : { body }),
      redirect: 'manual',
      signal: abort.signal,
    })
    // A stream has no end.
    if (answer.headers.get('content-type')?.startsWith('text/event-stream')) {
      abort.abort()
      return { status: answer.status, text: '' }
    }
    return { status: answer.status, text: await answer.text() }
  } finally {
    clearTimeout(late)
  }
}

/** Opens a websocket and says something that it may not expect. An open one counts as 101. */
function upgrade(url: string, token: string, values: ValuesBySchema): Promise<{ status: number; text: string }> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), { headers: { authorization: `Bearer ${token}` } })
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>()
  const late = setTimeout(() => reject(new Error(`no answer within 20 s: ${url}`)), 20_000)
  socket.on('unexpected-response', async (_, response) => {
    const text = Buffer.concat(await response.toArray()).toString()
    resolve({ status: response.statusCode ?? 0, text })
  })
  socket.on('open', () => {
    socket.send(JSON.stringify(values.of({}, 1) ?? null))
    socket.send(Buffer.from([0, 1, 2]))
    socket.close()
  })
  socket.on('close', () => resolve({ status: 101, text: '' }))
  socket.on('error', () => {})
  return promise.finally(() => {
    clearTimeout(late)
    socket.terminate()
  })
}

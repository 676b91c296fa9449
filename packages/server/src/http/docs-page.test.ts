import assert from 'node:assert/strict'
import { test } from 'node:test'
import { routes } from '@ramet/model/api/routes.ts'
import { silent } from '../testing/start-for-test.ts'
import { stubServices } from '../testing/stub-services.ts'
import { assembleApp } from './app.ts'
import { schemaText } from './schema-text.ts'

test('a page shows every route and websocket to people, without scripts and without anything from elsewhere', async () => {
  const { app, routes: served, sockets } = assembleApp(stubServices(), { log: silent, endpoint: 'http://127.0.0.1' })
  const answer = await app.inject({ url: routes.docs() })
  assert.equal(answer.statusCode, 200)
  assert.match(String(answer.headers['content-type']), /^text\/html/)
  assert.match(String(answer.headers['content-security-policy']), /default-src 'none'/)
  for (const { path } of [...served, ...sockets]) {
    const shown = path.replace(/:(\w+)/g, '{$1}').replace(/\*$/, '{address}')
    assert.ok(answer.body.includes(`<code>${shown}</code>`), shown)
  }
  assert.doesNotMatch(answer.body, /<script|src=|https?:|@import/)
  const anchors = new Set([...answer.body.matchAll(/id="([^"]+)"/g)].map(([, id]) => id))
  for (const [, target = ''] of answer.body.matchAll(/href="#([^"]+)"/g)) assert.ok(anchors.has(target), target)
})

test('a schema is shown in the notation of TypeScript', () => {
  const item = { anyOf: [{ $ref: '#/components/schemas/Play' }, { type: 'null' }] }
  const properties = { name: { type: 'string' }, list: { type: 'array', items: item }, how: { enum: ['a', 1] } }
  assert.equal(
    schemaText({ type: 'object', properties, required: ['name'] }),
    '{\n  name: string\n  list?: (<Play> | null)[]\n  how?: "a" | 1\n}',
  )
  assert.equal(schemaText({ type: 'object', additionalProperties: { type: 'integer' } }), '{ [name]: integer }')
})

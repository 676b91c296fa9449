import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clientMessageSchema } from '@ramet/model/api/stream.ts'
import { playActionSchema } from '@ramet/model/api/wire.ts'
import { manifestSchema } from '@ramet/model/manifest/manifest.ts'
import { parseManifest, playgroundBodySchema } from '@ramet/model/manifest/parse-manifest.ts'
import { z } from 'zod'
import { silent } from '../testing/start-for-test.ts'
import { stubServices } from '../testing/stub-services.ts'
import { type TextField, textFields } from '../testing/text-fields.ts'
import { assembleApp } from './app.ts'

/** What is not refused there, with what makes it safe. */
const exempt: Readonly<Record<string, string>> = {
  'POST /api/playgrounds: base': 'playgroundBodySchema is applied to the whole body',
  'POST /api/playgrounds: name': 'playgroundBodySchema is applied to the whole body',
  'POST /api/playgrounds: .*': 'playgroundBodySchema is applied to the whole body',
  'PUT /api/playgrounds/:name: base': 'playgroundBodySchema is applied to the whole body',
  'PUT /api/playgrounds/:name: name': 'playgroundBodySchema is applied to the whole body',
  'PUT /api/playgrounds/:name: .*': 'playgroundBodySchema is applied to the whole body',
  'PUT /api/playgrounds/:name: unknownFields[].path[]': 'nothing acts on it, and it is escaped where it is printed',
  'PUT /api/playgrounds/:name: unknownFields[].value': 'nothing acts on it, and it is escaped where it is printed',
  'POST /api/playgrounds: unknownFields[].path[]': 'nothing acts on it, and it is escaped where it is printed',
  'POST /api/playgrounds: unknownFields[].value': 'nothing acts on it, and it is escaped where it is printed',
  'the body of a playground: unknownFields[].path[]': 'nothing acts on it, and it is escaped where it is printed',
  'the body of a playground: unknownFields[].value': 'nothing acts on it, and it is escaped where it is printed',
  'POST /api/auth/passkeys: answer.*': 'checked by the library of WebAuthn, and kept and shown nowhere',
  'POST /api/account/passkeys: answer.*': 'checked by the library of WebAuthn, and kept and shown nowhere',
  'POST /api/auth/login: password': 'kept as a hash and shown nowhere',
  'PUT /api/account/password: current': 'kept as a hash and shown nowhere',
  'PUT /api/account/password: password': 'kept as a hash and shown nowhere',
  'POST /api/manifests/check: text': 'a whole manifest, whose fields are checked one by one',
  'POST /api/plays/:id/actions: ': 'playActionSchema is applied to the whole body',
  'POST /api/plays: tabs': 'read as a part of a manifest (start-spec.ts)',
  'POST /api/plays: networks': 'read as a part of a manifest (start-spec.ts)',
  'POST /api/plays: machines': 'read as a part of a manifest (start-spec.ts)',
  'POST /api/plays: initTasks': 'read as a part of a manifest (start-spec.ts)',
  'a manifest: playground.machines[].startupFiles[].content': 'bytes of a file in the guest, escaped where they are printed',
  'a manifest: playground.initTasks{name}': 'checked by task-rules, see below',
  'the body of a playground: machines[].startupFiles[].content': 'bytes of a file in the guest, escaped where they are printed',
  'the body of a playground: initTasks{name}': 'checked by task-rules, see below',
  'a frame to a machine: command': 'words for a shell in the guest, kept and shown nowhere',
}

const { routes } = assembleApp(stubServices(), { log: silent, endpoint: 'http://127.0.0.1:8420' })
const requests: [what: string, schema: z.ZodType][] = [
  ...routes.flatMap(({ method, path, body, query }) =>
    [body, query].flatMap((schema): [string, z.ZodType][] => (schema ? [[`${method} ${path}`, schema]] : [])),
  ),
  ['a manifest', manifestSchema],
  ['the body of a playground', playgroundBodySchema],
  ['an action', playActionSchema],
  ['a frame to a machine', clientMessageSchema],
]
const fields = requests.flatMap(([what, schema]) =>
  textFields(schema).map((field): TextField => ({ ...field, path: `${what}: ${field.path}` })),
)

/** At least one of them is taken by every field. */
const samples = [
  'a',
  'aaaaa',
  'a'.repeat(24),
  '/a/b',
  'http://a/b',
  '10.0.0.1',
  '10.0.0.0/8',
  'owner',
  '1GiB',
  '644',
  '1',
  'A=1',
  '2026-01-01T00:00:00Z',
  '::1',
]
const hostile = {
  ESC: '\x1b',
  NUL: '\0',
  BEL: '\x07',
  DEL: '\x7f',
  CSI: '\x9b',
  override: '\u202e',
  isolate: '\u2066',
  mark: '\u200f',
}

test('no text of a request or a manifest takes a character that steers terminals or eyes', () => {
  assert.ok(fields.length > 100, `${fields.length} fields are found`)
  const taken = fields.flatMap(({ path, schema }) => {
    if (path in exempt) return []
    if (!schema) return [`${path}: anything`]
    const takes = (text: string) => z.safeParse(schema, text).success
    const good = samples.filter(takes)
    assert.ok(good.length > 0, `no sample suits ${path}`)
    const bad = Object.entries(hostile).filter(([, character]) =>
      good.some((text) => [`${character}${text}`, `${text}${character}`, `${text[0]}${character}${text.slice(1)}`].some(takes)),
    )
    return bad.map(([name]) => `${path}: ${name}`)
  })
  assert.deepEqual(taken, [])
})

test('what is exempt is there', () => {
  const paths = new Set(fields.map(({ path }) => path))
  assert.deepEqual(
    Object.keys(exempt).filter((path) => !paths.has(path)),
    [],
  )
})

test('names of tasks take none either', () => {
  const text = (name: string) =>
    `kind: playground\ntitle: A title\nplayground:\n  machines: [{name: a, drives: [{source: debian-stable, mount: /}]}]\n  initTasks: {"${name}": {machine: a, run: "true"}}`
  assert.ok(parseManifest(text('fine'), 'm.yaml'))
  for (const hidden of ['\\e', '\\0', '\\u202e', '\\x9b'])
    assert.throws(() => parseManifest(text(`a${hidden}`), 'm.yaml'), { code: 'invalid_value' }, hidden)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { unwritable, visibleText } from '../units/visible-text.ts'
import { manifestSchema } from './manifest.ts'
import { parseManifest } from './parse-manifest.ts'
import { printManifest } from './print-manifest.ts'
import type { UnknownField } from './unknown-fields.ts'

const manifest = (changes: object, spec: object = {}) =>
  manifestSchema.parse({
    kind: 'playground',
    name: 'mine',
    title: 'My own one',
    ...changes,
    playground: { machines: [{ name: 'a', drives: [{ source: 'debian-stable', mount: '/', size: '20GiB' }] }], ...spec },
  })

function printAndParse(given: ReturnType<typeof manifest>, unknownFields: UnknownField[] = []) {
  const { playground, ...top } = given
  const text = printManifest({
    ...top,
    ...playground,
    name: top.name ?? '',
    base: top.base ?? '',
    description: top.description ?? '',
    unknownFields: unknownFields.map(({ path, value }) => ({ path: [...path], value })),
  })
  const read = parseManifest(text, 'printed.yaml')
  return { text, again: read.manifest, unknown: read.unknownFields }
}

test('a printed manifest says only what was said', () => {
  const { text, again } = printAndParse(manifest({ description: 'Yes: "no", #1' }))
  assert.equal(
    text,
    `kind: playground
name: mine
title: My own one
description: 'Yes: "no", #1'
playground:
  machines:
    - name: a
      drives:
        - source: debian-stable
          mount: /
          size: 20GiB
`,
  )
  assert.deepEqual(again, manifest({ description: 'Yes: "no", #1' }))
})

test('unknown fields are printed where they stood', () => {
  const fields: UnknownField[] = [
    { path: ['a\x1b[2J'], value: 'b\x1b[2J' },
    { path: ['author'], value: { name: 'Ann 🐙' } },
    { path: ['playground', 'accessControl', 'visibility'], value: 'public' },
    { path: ['playground', 'machines', 0, 'drives', 0, 'format'], value: null },
    { path: ['playground', 'machines', 0, 'kernel', 'snapshot'], value: [] },
  ]
  const { text, unknown } = printAndParse(
    manifest({}, { machines: [{ name: 'a', kernel: '6.1', drives: [{ source: 'x', mount: '/' }] }] }),
    fields,
  )
  assert.equal(visibleText(text), text)
  assert.deepEqual(new Set(unknown), new Set(fields))
})

test('an unknown field whose place is gone is left out, and none can reach beyond the document', () => {
  const { text } = printAndParse(manifest({}), [
    { path: ['playground', 'machines', 7, 'colour'], value: 'red' },
    { path: ['title'], value: 'Another' },
    { path: ['__proto__', 'polluted'], value: true },
    { path: ['playground', 'machines', 'length'], value: 0 },
  ])
  assert.equal(text, printAndParse(manifest({})).text)
  assert.equal(({} as { polluted?: boolean }).polluted, undefined)
})

test('every printed manifest reads back as the same', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 60 })
  // As a manifest may have them: graphemes have overrides of direction and line separators among them.
  const line = text.filter((each) => unwritable(each, 'line') === undefined)
  const lines = text.filter((each) => unwritable(each, 'lines') === undefined)
  const file = fc.record({
    path: fc.constantFrom('/a', '/etc/b'),
    content: fc.oneof(text, fc.constantFrom('yes', '0x10', '- a\n b:\n', '  x\n\n', '~', '\r\n')),
    mode: fc.constantFrom('644', '0755', undefined),
    append: fc.option(fc.boolean(), { nil: undefined }),
  })
  fc.assert(
    fc.property(
      lines,
      lines,
      fc.array(file, { maxLength: 5 }),
      fc.array(line, { maxLength: 3 }),
      (description, welcome, startupFiles, categories) => {
        const given = manifest(
          { ...(description === '' ? {} : { description }), categories },
          { machines: [{ name: 'a', users: [{ name: 'root', welcome }], drives: [{ source: 'x', mount: '/' }], startupFiles }] },
        )
        // Absent and undefined are the same to a reader.
        assert.deepEqual(JSON.parse(JSON.stringify(printAndParse(given).again)), JSON.parse(JSON.stringify(given)))
      },
    ),
  )
})

for (const [what, text] of Object.entries({
  'control characters': 'echo "\x1b[31mred"\n\x00\x7f\x9b31m\r\n',
  'overrides of direction': 'gpj.\u202eexe',
})) {
  test(`${what} in a startup file are escaped in print, and read back as the same`, () => {
    for (const content of [text, text.padEnd(200, '.'), `\n${text}\n`]) {
      const startupFiles = [{ path: '/etc/motd', content }]
      const spec = { machines: [{ name: 'a', drives: [{ source: 'debian-stable', mount: '/' }], startupFiles }] }
      const printed = printAndParse(manifest({}, spec))
      assert.equal(visibleText(printed.text), printed.text)
      assert.equal(printed.again.playground.machines[0]?.startupFiles[0]?.content, content)
    }
  })
}

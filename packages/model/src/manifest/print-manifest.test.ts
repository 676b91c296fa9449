import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { visibleText } from '../units/visible-text.ts'
import { manifestSchema } from './manifest.ts'
import { parseManifest } from './parse-manifest.ts'
import { printManifest } from './print-manifest.ts'

const manifest = (changes: object, spec: object = {}) =>
  manifestSchema.parse({
    kind: 'playground',
    name: 'mine',
    title: 'My own one',
    ...changes,
    playground: { machines: [{ name: 'a', drives: [{ source: 'debian-stable', mount: '/', size: '20GiB' }] }], ...spec },
  })

function printAndParse(given: ReturnType<typeof manifest>) {
  const { playground, ...top } = given
  const text = printManifest({
    ...top,
    ...playground,
    name: top.name ?? '',
    base: top.base ?? '',
    description: top.description ?? '',
  })
  return { text, again: parseManifest(text, 'printed.yaml').manifest }
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

test('every printed manifest reads back as the same', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 60 })
  const file = fc.record({
    path: fc.constantFrom('/a', '/etc/b'),
    content: fc.oneof(text, fc.constantFrom('yes', '0x10', '- a\n b:\n', '  x\n\n', '~', '\r\n')),
    mode: fc.constantFrom('644', '0755', undefined),
    append: fc.option(fc.boolean(), { nil: undefined }),
  })
  fc.assert(
    fc.property(
      text,
      text,
      fc.array(file, { maxLength: 5 }),
      fc.array(text, { maxLength: 3 }),
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

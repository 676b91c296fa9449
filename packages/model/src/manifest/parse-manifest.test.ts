import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bases, images } from '../testing/bases.ts'
import { areRefused, areWarnedOf } from '../testing/faulty-manifests.ts'
import { drives, inner, one, positionIn } from '../testing/manifest-text.ts'
import { mutatedManifest } from '../testing/manifests.ts'
import { manifestProblems, parseManifest } from './parse-manifest.ts'

areRefused([
  { says: 'a field named __proto__', text: one(`${drives}\n__proto__: {polluted: 1}`), code: 'unknown_field', at: '__proto__' },
])

areWarnedOf([
  {
    says: 'an unknown field',
    text: one(`${drives}\nresources: {cpus: 2}`),
    code: 'unknown_field',
    at: 'cpus',
    hint: /Did you mean `cpuCount`/,
  },
  {
    says: 'an unknown field at the top',
    text: `titel: x\n${inner(`  machines: [{name: a, ${drives}}]`)}`,
    code: 'unknown_field',
    at: 'titel',
    hint: /`title`/,
  },
  {
    says: 'an unknown field in a list of access',
    text: inner(`  machines: [{name: a, ${drives}}]\n  accessControl: {visibility: public, canList: [owner]}`),
    code: 'unknown_field',
    at: 'visibility',
  },
])

test('all faults are told at once, also beside unknown fields', () => {
  const text = one('drivs: []\ndrives: [{source: debian-stable, mount: /, size: 1000TB}]\nbackend: cloud-hypervisor')
  assert.deepEqual(
    manifestProblems(text, 'm.yaml').map(({ code }) => code),
    ['drive_too_big', 'unknown_field', 'not_acted_on'],
  )
})

test('whatever text comes, it is parsed or refused as InvalidInput', () => {
  const lines = fc.constantFrom(
    ...fc.sample(mutatedManifest, { numRuns: 40, seed: 1 }).flatMap((text) => text.split('\n')),
    '- ',
    '&a *a',
    '? [',
    '{',
    '|',
    '>-',
    '"',
    '%YAML',
    '...',
    '\t',
  )
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(lines, { maxLength: 12 }).map((parts) => parts.join('\n')),
  )
  fc.assert(
    fc.property(texts, (text) => {
      for (const problem of manifestProblems(text, 'm.yaml', { images, bases })) {
        assert.match(problem.where ?? '', /^m\.yaml:\d+:\d+$/)
      }
    }),
    { numRuns: 500 },
  )
})

test('long files inside are taken, brackets and all', () => {
  const content = '        [[[[{{{{ "\n'.repeat(40_000)
  const { spec } = parseManifest(one(`${drives}\nstartupFiles:\n  - path: /a\n    content: |\n${content}`), 'm.yaml', { images })
  assert.equal(spec.machines[0]?.startupFiles[0]?.content?.length, 40_000 * '[[[[{{{{ "\n'.length)
})

test('what is wrong beside an unknown field is told with it', () => {
  const text = one('drives: [{source: debian-stable, mount: /, format: raw, size: lots}]\ncolour: red')
  assert.deepEqual(
    manifestProblems(text, 'm.yaml').map(({ code, severity }) => [code, severity]),
    [
      ['invalid_value', undefined],
      ['unknown_field', 'warning'],
      ['unknown_field', 'warning'],
    ],
  )
})

test('a thousand unknown fields are kept, and more are refused at the first that is too much', () => {
  const text = (count: number) => one(`${drives}\n${Array.from({ length: count }, (_, at) => `k${at}: 1`).join('\n')}`)
  const { unknownFields, warnings } = parseManifest(text(1000), 'm.yaml', { images })
  assert.deepEqual([unknownFields.length, warnings.length], [1000, 100])
  const problems = manifestProblems(text(1001), 'm.yaml', { images })
  assert.deepEqual(
    problems.map(({ code, where }) => [code, where]),
    [['too_many', positionIn(text(1001), 'k1000')]],
  )
})

test('a field whose name is a text for itself is told short and kept', () => {
  const { unknownFields, warnings } = parseManifest(one(`${drives}\n${'k'.repeat(900)}: 1`), 'm.yaml', { images })
  assert.equal(unknownFields.length, 1)
  assert.equal(warnings.length, 1)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { areRefused } from '../testing/faulty-manifests.ts'
import { inner } from '../testing/manifest-text.ts'
import { manifestProblems } from './parse-manifest.ts'

areRefused([
  { says: 'a key twice', text: inner('  machines: []\n  "machines": []'), code: 'duplicate_key', at: '"machines"' },
  { says: 'broken YAML', text: 'kind: playground\ntitle: a: b', code: 'invalid_yaml', at: 'a: b' },
  { says: 'two documents', text: `${inner('  machines: []')}\n---\nkind: playground`, code: 'invalid_yaml', at: '---' },
  { says: 'a tag', text: inner('  machines: !!set {a}'), code: 'invalid_yaml', at: '!!set' },
])

const bombs: Record<string, [string, string]> = {
  'a billion laughs': [
    `a: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefghi'].map((c, i) => `${c}: &${c} [${Array(9).fill(`*${'abcdefgh'[i]}`).join(',')}]`).join('\n')}`,
    'too_many_aliases',
  ],
  'many aliases of one long text': [
    `a: &a "${'x'.repeat(100_000)}"\nb: [${Array(90).fill('*a').join(',')}]`,
    'manifest_too_large',
  ],
  'an alias inside itself': ['a: &a [*a]', 'too_many_aliases'],
  'deep brackets': ['['.repeat(1_000_000), 'nested_too_deep'],
  'deep maps': [Array.from({ length: 1500 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'), 'nested_too_deep'],
  'deep lists on a line': ['- '.repeat(20_000), 'nested_too_deep'],
  'a long text': [`a: "${'x'.repeat(5_000_000)}"`, 'manifest_too_large'],
  'a million quotes': ['"'.repeat(1_000_000), 'manifest_too_large'],
  'a million lines': ['- a\n'.repeat(1_000_000), 'manifest_too_large'],
  'many keys': [Array.from({ length: 60_000 }, (_, i) => `k${i}: 1`).join('\n'), 'manifest_too_large'],
}
for (const [says, [text, code]] of Object.entries(bombs)) {
  test(`${says} is refused in little time`, () => {
    const start = performance.now()
    const problems = manifestProblems(text, 'm.yaml')
    assert.equal(problems[0]?.code, code, JSON.stringify(problems).slice(0, 500))
    assert.match(problems[0]?.where ?? '', /^m\.yaml:\d+:\d+$/)
    assert.ok(problems[0]?.hint)
    assert.ok(performance.now() - start < 5_000, `${performance.now() - start} ms`)
  })
}

test('a text with too many parts is cut off at its line', () => {
  const where = manifestProblems('- a\n'.repeat(1_000_000), 'm.yaml')[0]?.where ?? ''
  assert.ok(Number(where.split(':')[1]) > 1000, where)
})

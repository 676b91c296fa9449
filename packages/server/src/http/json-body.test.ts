import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseJson } from './json-body.ts'

test('what JSON.parse reads is read the same', () => {
  for (const value of [1, '', '[{"\\', { a: [1, { b: null }], 'c\\"': '\\\\"' }, [[[]]], 'é\u2028"\\"', { '': { '': [] } }]) {
    const text = JSON.stringify(value)
    assert.deepEqual(parseJson(text), value)
    assert.deepEqual(parseJson(JSON.stringify(value, null, 2)), value)
  }
  assert.equal(parseJson(' \n'), undefined)
})

test('a field that would become a prototype is left out, however it is spelled', () => {
  for (const key of ['__proto__', '\\u005f_proto__', '_\\u005fproto_\\u005f']) {
    const read = parseJson(`{"a":[{"${key}":{"isAdmin":true},"b":1}]}`) as { a: { b: number; isAdmin?: boolean }[] }
    assert.deepEqual(Object.getOwnPropertyNames(read.a[0]), ['b'], key)
    assert.equal({ ...read.a[0] }.isAdmin, undefined)
  }
})

const bytes = 8 * 1024 * 1024
const bombs: [what: string, text: string][] = [
  ['brackets', '['.repeat(bytes)],
  ['braces', '{"a":'.repeat(bytes / 5)],
  ['empty lists', `[${'[],'.repeat(bytes / 3)}[]]`],
  ['numbers', `[${'1,'.repeat(bytes / 2)}1]`],
  ['the same field', `{${'"a":1,'.repeat(bytes / 6)}"a":1}`],
  ['backslashes', `"${'\\\\'.repeat(bytes / 2)}`],
  ['quotes in text', `["${'\\"'.repeat(bytes / 2)}`],
  ['a number of eight million digits that is none', `${'1'.repeat(bytes)}x`],
]
for (const [what, text] of bombs) {
  test(`8 MiB of ${what} are refused in a moment`, () => {
    const began = performance.now()
    assert.throws(() => parseJson(text), { code: 'invalid_input' })
    // 0.05 s here; with a reviver it was 7 s. Generous, since the tests' machine has other work.
    assert.ok(performance.now() - began < 2000, `${performance.now() - began} ms`)
  })
}

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import fc from 'fast-check'
import { shellCommand } from './shell-words.ts'

test('a shell takes the words for exactly what they are', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\0', '')),
        { minLength: 1, maxLength: 5 },
      ),
      (words) => {
        const printed = execFileSync('sh', ['-c', shellCommand(['printf', '%s\\n', ...words])]).toString()
        assert.equal(printed, words.map((word) => `${word}\n`).join(''))
      },
    ),
    { numRuns: 100 },
  )
})

test('plain words stay as they are', () => {
  assert.equal(shellCommand(['uname', '-r', '/a/b']), 'uname -r /a/b')
  assert.equal(shellCommand(['echo', '', "it's"]), "echo '' 'it'\\''s'")
})

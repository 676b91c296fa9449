import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lineSchema, linesSchema, wordSchema } from './plain-text.ts'

const title = lineSchema(1, 60)
const markdown = linesSchema(100)
const why = (schema: typeof title, text: string) => schema.safeParse(text).error?.issues.map(({ message }) => message) ?? []

test('titles of every script are taken, with emoji and joiners', () => {
  const family = '👨\u200d👩\u200d👧 at home'
  for (const text of [
    'Ann’s shop (clone 2)',
    'שלום עולם',
    'می\u200cخواهم',
    '日本語',
    family,
    '❤\ufe0f',
    '🏴\u{e0067}\u{e0062}\u{e007f}',
    'नमस्ते',
  ])
    assert.deepEqual(why(title, text), [], text)
})

test('a control character is told by its number, its name and its place', () => {
  assert.match(why(title, 'a🚀\x1b[2J')[0] ?? '', /there is U\+001B \(ESC\) at character 3$/)
  assert.match(why(title, 'gpj.\u202eexe')[0] ?? '', /U\+202E \(right-to-left override\) at character 5/)
  assert.match(why(title, 'a\x85')[0] ?? '', /U\+0085 at character 2/)
  assert.match(why(title, 'a\nb')[0] ?? '', /U\+000A \(LF\)/)
  assert.match(why(title, 'a\u2028b')[0] ?? '', /line separator/)
  assert.match(why(title, 'half \ud83d')[0] ?? '', /U\+D83D at character 6/)
})

test('a text may have lines and tabs, and line ends of Windows become ours', () => {
  assert.equal(markdown.parse('# One\r\n\ttwo\n'), '# One\n\ttwo\n')
  for (const text of ['a\rb', 'a\x1bb', 'a\0', 'a\u2066b', '\x0c'])
    assert.equal(why(markdown, text).length, 1, JSON.stringify(text))
})

test('a title that nobody can see is none', () => {
  for (const text of ['\u200b', '\u200d\u2060', '\u3164', '\u00ad', '\ufe0f'])
    assert.deepEqual(why(title, text), ['must have a character that can be seen'], JSON.stringify(text))
})

test('a word has no blanks and nothing beyond ASCII', () => {
  assert.equal(wordSchema(20).parse('debian-stable:12@x'), 'debian-stable:12@x')
  for (const text of ['a b', 'a\n', 'é', '\x7f'])
    assert.equal(wordSchema(20).safeParse(text).success, false, JSON.stringify(text))
})

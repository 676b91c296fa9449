import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isSteering, unwritable, visibleJson, visibleLine, visibleText, withoutColours } from './visible-text.ts'

const hostile = {
  'a colour': ['\x1b[31mred', '^[[31mred'],
  'a window title': ['\x1b]0;owned\x07', '^[]0;owned^G'],
  'a title in C1 form': ['\x9d0;owned\x9c', '\\u009d0;owned\\u009c'],
  'a cursor movement': ['safe\x1b[2Kgone\x08', 'safe^[[2Kgone^H'],
  'a line that is written over': ['wiped\rsafe', 'wiped^Msafe'],
  'NUL and DEL': ['\x00\x7f', '^@^?'],
  'half a surrogate pair': ['a\ud83db', 'a\\ud83db'],
  'marks of direction': ['a\u200e\u200f\u061c', 'a\\u200e\\u200f\\u061c'],
  'an override of direction': ['gpj.\u202eexe\u2066', 'gpj.\\u202eexe\\u2066'],
} as const

for (const [what, [text, shown]] of Object.entries(hostile)) {
  test(`${what} is made visible, and cannot be written in a name`, () => {
    assert.equal(visibleText(text), shown)
    assert.ok(isSteering(text))
    for (const shape of ['line', 'lines'] as const) assert.notEqual(unwritable(text, shape), undefined)
  })
}

test('plain text of any script stays as it is', () => {
  for (const text of ['Ann’s shop (clone 2)', 'שלום עולם', '日本語 🚀', '👩\u200d👧', 'a\tb\nc\n']) {
    assert.equal(visibleText(text), text)
    assert.equal(unwritable(text, 'lines'), undefined)
  }
  assert.equal(unwritable('שלום 🚀', 'line'), undefined)
})

test('the line ends of a serial line are line ends', () => assert.equal(visibleText('a\r\nb\r\n'), 'a\nb\n'))

test('a text that is to be one line has no others', () => {
  assert.equal(visibleLine('a\r\n\tb\u2028c\x1b'), 'a b c^[')
  assert.equal(unwritable('a\nb', 'line'), 'U+000A (LF) at character 2')
})

test('JSON is made visible and reads back as the same', () => {
  const value = Object.values(hostile).map(([text]) => text)
  const json = visibleJson(JSON.stringify(value, null, 2))
  assert.equal(visibleText(json), json)
  assert.deepEqual(JSON.parse(json), value)
})

test('colours go, what else begins like one stays to be made visible', () => {
  assert.equal(visibleText(withoutColours('\x1b[0;32m  OK  \x1b[m\x1b[2J')), '  OK  ^[[2J')
})

import assert from 'node:assert/strict'
import test from 'node:test'
import { serialText } from './serial-log.ts'

test('colours, titles and cursor movements go, text and tabs stay', () => {
  assert.equal(
    serialText('\x1b[0;32m[  OK  ]\x1b[0m Started\tssh\r\r\n\x1b]0;root@vm\x07# \x1b(B\x1b[?2004hls\r\n'),
    '[  OK  ] Started\tssh\n# ls\n',
  )
})

test('a line written over shows what it said last', () => assert.equal(serialText('10%\r55%\r100%\r\ndone'), '100%\ndone'))

test('a log cut in the middle of a sequence is shown', () => assert.equal(serialText('end\x1b]0;ti'), 'end'))

test('what would turn the direction of the text is shown instead', () =>
  assert.equal(serialText('gpj.\u202eexe \x9b31m\x07'), 'gpj.\\u202eexe \\u009b31m^G'))

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { run } from '../../process/run-process.ts'
import { attachCommand, commandAs, quoteWord, toolCommand } from './exec-command.ts'

test('a shell gives a quoted word back as it was', async () => {
  const word = fc.string({ unit: fc.constantFrom("'", '"', '\\', '$', '`', '\n', ' ', '*', '!', '-', 'é', '\u0001', 'a', '') })
  await fc.assert(
    fc.asyncProperty(fc.array(word, { minLength: 1, maxLength: 5 }), async (words) => {
      const { stdout } = await run(['sh', '-c', `printf '%s\\0' ${words.map(quoteWord).join(' ')}`])
      assert.deepEqual(stdout.split('\0').slice(0, -1), words)
    }),
    { numRuns: 50 },
  )
  assert.throws(() => quoteWord('a\0b'), { code: 'invalid_input' })
})

test('commands go to the helpers as single words', () => {
  assert.equal(commandAs('root', "echo 'hi'; exit 7"), "exec ./as 'root' -c 'echo '\\''hi'\\''; exit 7'")
  assert.equal(commandAs('laborant', ''), "exec ./as 'laborant'")
  assert.equal(toolCommand(['keeper', 'task', 'look', "it's"]), "exec ./'keeper' 'task' 'look' 'it'\\''s'")
  assert.equal(attachCommand('tab-1', 'root', 80, 24), "exec ./keeper attach 'tab-1' 'root' 80 24")
})

test('users, sessions and sizes that are none are refused', () => {
  for (const user of ['', '-x', 'a b', 'Root', '../x']) assert.throws(() => commandAs(user, 'id'), { code: 'invalid_input' })
  for (const session of ['', '.', '../x', 'a b', '-r', 'x'.repeat(64), 'a\n'])
    assert.throws(() => attachCommand(session, 'root', 80, 24), { code: 'invalid_input' })
  for (const [cols, rows] of [
    [0, 24],
    [80, -1],
    [80.5, 24],
    [80, Number.NaN],
    [99_999, 24],
  ] as const)
    assert.throws(() => attachCommand('x', 'root', cols, rows), { code: 'invalid_input' })
})

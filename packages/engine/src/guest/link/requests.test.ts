import assert from 'node:assert/strict'
import { test } from 'node:test'
import { largestRequest } from './channel-frames.ts'
import { attachRequest, commandRequest, dialRequest, toolRequest } from './requests.ts'

test('a command goes to the agent as it is, behind its user and its terminal', () => {
  const command = "echo 'hi' \\\n; exit 7"
  assert.equal(commandRequest('root', command).toString('latin1'), `\x01\0\0\0\0root\0\0${command}`)
  const pty = { term: 'xterm', cols: 80, rows: 258 }
  assert.equal(commandRequest('laborant', '', pty).toString('latin1'), '\x01\0\x50\x01\x02laborant\0xterm\0')
  assert.equal(toolRequest(['keeper', 'task', 'look', "it's"]).toString('latin1'), "\x02keeper\0task\0look\0it's\0")
  assert.deepEqual([...dialRequest(258)], [3, 1, 2])
  assert.equal(attachRequest('tab-1', 'root', 80, 24).toString('latin1'), '\0\x50\0\x18tab-1\0root')
})

test('every command that the API takes fits, and a longer one is refused before anything is sent', () => {
  assert.ok(commandRequest('root', '€'.repeat(131_072)).length < largestRequest)
  assert.throws(() => commandRequest('root', 'x'.repeat(largestRequest)), { code: 'invalid_input', message: /at most/ })
})

test('users, sessions, sizes and characters that are none are refused', () => {
  for (const user of ['', '-x', 'a b', 'Root', '../x', 'a\0b'])
    assert.throws(() => commandRequest(user, 'id'), { code: 'invalid_input' })
  assert.throws(() => commandRequest('root', 'a\0b'), { code: 'invalid_input' })
  for (const session of ['', '.', '../x', 'a b', '-r', 'x'.repeat(64), 'a\n'])
    assert.throws(() => attachRequest(session, 'root', 80, 24), { code: 'invalid_input' })
  for (const [cols, rows] of [
    [0, 24],
    [80, -1],
    [80.5, 24],
    [80, Number.NaN],
    [99_999, 24],
  ] as const)
    assert.throws(() => attachRequest('x', 'root', cols, rows), { code: 'invalid_input' })
})

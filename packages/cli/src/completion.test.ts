import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { dirname } from 'node:path'
import { test } from 'node:test'
import { completeWords } from './complete-words.ts'
import { createProgram } from './program.ts'
import { binary, id, stubPlay, stubWorld } from './testing/stub-world.ts'

const timeout = 60_000
const complete = (...words: string[]) => completeWords(createProgram(), words)

test('commands, aliases, options and their values are completed', () => {
  assert.ok(complete('').words.includes('playground') && !complete('').words.includes('complete'))
  assert.deepEqual(complete('play').words, ['playground', 'playgrounds'])
  assert.deepEqual(complete('p', 'res').words, ['restart'])
  assert.deepEqual(complete('p', 'list', '--q').words, ['--quiet'])
  assert.deepEqual(complete('p', 'list', '-o', '').words, ['table', 'json', 'yaml'])
  assert.deepEqual(complete('--endpoint', 'http://x', 'completion', '').words, ['bash', 'zsh', 'fish'])
})

test('what only the server or the disk knows is said by its kind', () => {
  assert.equal(complete('p', 'stop', '').also, 'runs')
  assert.equal(complete('p', 'stop', '-q', 'a').also, 'runs')
  assert.deepEqual(complete('p', 'stop', 'a', ''), { words: [] })
  assert.equal(complete('p', 'start', '').also, 'playgrounds')
  assert.equal(complete('p', 'start', 'x', '-f', '').also, 'files')
  assert.equal(complete('ssh', 'x', '--', 'l').also, 'files')
})

test('ids of runs come from the server, and none when it does not answer', { timeout }, async () => {
  await using world = await stubWorld({ 'GET /api/plays?limit=100': [stubPlay('RUNNING')] })
  assert.equal((await world.ramet(['complete', '--', 'p', 'stop', 'aa'])).stdout, `${id}\n`)
  assert.equal((await world.ramet(['complete', '--', 'p', 'stop', 'b'])).stdout, '')
  assert.deepEqual((await world.ramet(['complete', '--', 'p', 'stop', ''], { env: { RAMET_HOME: '/nonexistent' } })).stdout, '')
})

test('a real bash completes by it', { timeout }, async () => {
  await using world = await stubWorld({})
  const { stdout: script } = await world.ramet(['completion', 'bash'])
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's.
  const asked = 'COMP_WORDS=(ramet p res); COMP_CWORD=2; _ramet; printf "%s\\n" "${COMPREPLY[@]}"'
  const ramet = `ramet() { '${process.execPath}' '${binary}' "$@"; }`
  const { stdout, stderr } = spawnSync('bash', ['-c', `${ramet}\n${script}\n${asked}`], {
    cwd: dirname(binary),
    env: { ...world.env },
  })
  assert.equal(stdout.toString(), 'restart\n', stderr.toString())
})

for (const [shell, check] of [
  ['zsh', ['-n']],
  ['fish', ['--no-execute']],
] as const) {
  const isThere = spawnSync(shell, ['--version']).status === 0
  test(`${shell} understands its script`, { timeout, skip: !isThere && `there is no ${shell} here` }, async () => {
    await using world = await stubWorld({})
    const { stdout } = await world.ramet(['completion', shell])
    assert.equal(spawnSync(shell, [...check], { input: stdout }).status, 0)
  })
}

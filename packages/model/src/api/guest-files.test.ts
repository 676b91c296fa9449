import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readFileCommand, writeFileCommand } from './guest-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'ramet-guest-files-'))
after(() => rmSync(folder, { recursive: true }))
const run = (command: string, input: Uint8Array | string = '') => spawnSync('sh', ['-c', command], { input, cwd: folder })

test('a file comes back as it was written, byte for byte, whatever it is called', () => {
  const bytes = Buffer.from(Array.from({ length: 3000 }, (_, at) => at % 256))
  for (const name of ['plain', "it's $(here)", 'a b/c\nd', '-n', 'ü']) {
    const path = join(folder, 'deep', name)
    assert.equal(run(writeFileCommand(path), bytes).status, 0)
    assert.deepEqual(readFileSync(path), bytes)
    assert.deepEqual(run(readFileCommand(path)).stdout, bytes)
    assert.deepEqual(run(readFileCommand(path, { offset: 100, bytes: 7 })).stdout, bytes.subarray(100, 107))
    assert.deepEqual(run(readFileCommand(path, { bytes: 7 })).stdout, bytes.subarray(0, 7))
    assert.deepEqual(run(readFileCommand(path, { offset: 2990 })).stdout, bytes.subarray(2990))
  }
})

test('a file is added to, and gets a mode', () => {
  const path = join(folder, 'script')
  run(writeFileCommand(path), 'one\n')
  run(writeFileCommand(path, { append: true, mode: '750' }), 'two\n')
  assert.equal(readFileSync(path, 'utf8'), 'one\ntwo\n')
  assert.equal(statSync(path).mode & 0o777, 0o750)
  run(writeFileCommand('here'), 'relative')
  assert.equal(readFileSync(join(folder, 'here'), 'utf8'), 'relative')
})

test('what cannot be read says so', () => {
  for (const path of [join(folder, 'none'), folder]) {
    const { status, stderr, stdout } = run(readFileCommand(path))
    assert.notEqual(status, 0)
    assert.match(stderr.toString(), /No such file|nonexistent|Is a directory|cannot open/)
    assert.equal(stdout.length, 0)
  }
})

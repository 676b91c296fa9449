import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

const check = (program: string, ...args: string[]) => {
  const ran = spawnSync(`node_modules/.bin/${program}`, args, { encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } })
  assert.equal(ran.status, 0, `${program} ${args.join(' ')}\n${ran.stdout}${ran.stderr}`)
}

test('imports point the right way, and each thing has one owner', () => {
  const ran = spawnSync(process.execPath, ['scripts/lint-structure.ts'], { encoding: 'utf8' })
  assert.equal(ran.status, 0, ran.stderr)
})
test('the types fit together', () => check('tsc', '--noEmit'))
test('the code is formatted and has no lint', () => check('biome', 'check', '.'))

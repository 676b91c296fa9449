import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { defaultLimits, limitNames, limitReached, limitTable, parseLimits } from './limits.ts'

test('a list of limits changes those that it names', () => {
  assert.deepEqual(parseLimits(''), defaultLimits)
  assert.deepEqual(parseLimits(' runs = 5, sockets=7 '), { ...defaultLimits, runs: 5, sockets: 7 })
  for (const text of ['run=5', 'runs', 'runs=0', 'runs=-1', 'runs=1e9', 'toString=5', 'runs=5000000000']) {
    assert.equal(parseLimits(text), undefined, text)
  }
})

for (const name of limitNames) {
  test(`the refusal beyond ${name} says the limit and what to do`, () => {
    const error = limitReached(name, { ...defaultLimits, [name]: 17 })
    assert.match(error.message, /17/)
    assert.match(error.hint ?? '', new RegExp(`--limits ${name}=`))
    assert.match(error.code, /^too_many_/)
  })
}

test('the docs list every limit as it is', async () => {
  const page = await readFile(join(import.meta.dirname, '../../../../docs/architecture/control-plane.md'), 'utf8')
  const cells = page.split('\n').map((line) => line.split('|').map((cell) => cell.trim()))
  for (const name of limitNames) {
    const { most, counts, code, status } = limitTable[name]
    const row = cells.find((candidate) => candidate[1] === `\`${name}\``)
    assert.deepEqual(row?.slice(1, 5), [`\`${name}\``, counts, String(most), `${status} \`${code}\``])
  }
})

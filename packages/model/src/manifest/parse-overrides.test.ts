import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bases, images } from '../testing/bases.ts'
import { parseOverrides } from './parse-overrides.ts'

const debian = bases.find(({ name }) => name === 'debian') ?? assert.fail()
const read = (text: string) => parseOverrides(text, 'o.yaml', debian, { images })

test('a whole manifest and only its inner part give the same, and what a start cannot have otherwise is left alone', () => {
  const machines = 'machines: [{name: debian, resources: {cpuCount: 2}}]'
  const inner = read(machines)
  assert.deepEqual(Object.keys(inner.overrides), ['machines'])
  const whole = read(`kind: playground\ntitle: x\nplayground:\n  accessControl: {canList: [owner]}\n  ${machines}`)
  assert.deepEqual(whole.overrides, inner.overrides)
  assert.deepEqual(read('tabs: []').overrides, {})
})

test('each fault has its line, and a machine that is not there what was meant', () => {
  const text = 'playground:\n  machines:\n    - name: debain\n      resources: {cpuCount: none}\n'
  assert.throws(() => read(text), { where: 'o.yaml:4:29' })
  assert.throws(() => read(text.replace('none', '1')), {
    code: 'unknown_machine',
    where: 'o.yaml:3:13',
    hint: /Did you mean debian/,
  })
  const { warnings } = read('machines: [{name: debian, speed: 3}]')
  assert.deepEqual(
    warnings.map(({ code, where }) => [code, where]),
    [['unknown_field', 'o.yaml:1:27']],
  )
})

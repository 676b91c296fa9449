import assert from 'node:assert/strict'
import test from 'node:test'
import { InvalidInput, RametError } from '@ramet/model/errors/error.ts'
import { faultsIn, faultsOf, nameFor, toBody } from './playground-texts.ts'

const texts = { name: 'my-lab', title: 'My lab', description: '', categories: ' linux, , net ', markdown: '' }

test('a name is made of what a title says', () => {
  assert.equal(nameFor('Ann’s shop (clone 2)'), 'anns-shop-clone-2')
  assert.equal(nameFor('Über – Größe!'), 'uber-gro-e')
  assert.equal(nameFor('🌱'), 'my-playground')
  assert.ok(nameFor('x '.repeat(60)).length <= 50)
})

test('categories are a list with commas', () => assert.deepEqual(toBody(texts).categories, ['linux', 'net']))

test('faults stand at their fields', () => {
  assert.deepEqual(faultsOf(texts, true), {})
  assert.deepEqual(Object.keys(faultsOf({ ...texts, name: 'Bad Name', title: 'abc' }, true)).toSorted(), ['name', 'title'])
  assert.deepEqual(Object.keys(faultsOf({ ...texts, name: 'Bad Name', categories: 'x'.repeat(101) }, false)), ['categories'])
})

test('what the server refuses stands at its field too, and everything else does not', () => {
  const taken = new RametError('name_taken', 409, 'There is one.', { hint: 'my-lab-2 is free.' })
  assert.deepEqual(faultsIn(taken), { name: 'There is one. my-lab-2 is free.' })
  const invalid = new InvalidInput(400, [{ code: 'invalid_input', message: 'too long', where: 'categories[0]' }])
  assert.deepEqual(faultsIn(invalid), { categories: 'too long' })
  assert.equal(faultsIn(new RametError('quota_exceeded', 409, 'Full.')), undefined)
  assert.equal(faultsIn(new Error('x')), undefined)
})

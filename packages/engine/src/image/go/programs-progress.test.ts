import assert from 'node:assert/strict'
import { test } from 'node:test'
import { programsProgress } from './programs-progress.ts'

const listing = `example.org/cmd/api errors fmt example.org/lib
example.org/cmd/ctl errors fmt example.org/cli
`

test('a package counts for the first program that is made of it', () => {
  const progress = programsProgress(listing)
  assert.deepEqual(progress.names, ['api', 'ctl'])
  assert.equal(progress.packages, 6)
  assert.deepEqual(progress.seen('errors'), {
    step: 'Compiling',
    message: 'Compiling api (1 of 2): 1 of 4 packages',
    percent: 17,
  })
  assert.equal(progress.seen('go: downloading example.org/lib v1.0.0'), undefined)
  assert.equal(progress.seen('example.org/lib')?.message, 'Compiling api (1 of 2): 2 of 4 packages')
  assert.deepEqual(progress.seen('example.org/cmd/ctl'), {
    step: 'Compiling',
    message: 'Compiling ctl (2 of 2): 1 of 2 packages',
    percent: 50,
  })
})

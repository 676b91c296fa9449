import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryForRuns, type Promised, refusalOfMemory } from './admission.ts'

const gib = 1024 ** 3
const run = (id: string, bytes: number, owner = 'me'): Promised => ({ id, title: `Run ${id}`, owner, bytes })

test('a run fits as long as what is promised stays within what there is', () => {
  assert.equal(refusalOfMemory(2 * gib, [run('a', gib), run('b', gib)], 4 * gib, 'me'), undefined)
  assert.equal(refusalOfMemory(2 * gib + 1, [run('a', gib), run('b', gib)], 4 * gib, 'me')?.code, 'not_enough_memory')
})

test('the refusal has the numbers and names what to stop, biggest first, of one’s own alone', () => {
  const promised = [run('a', gib), run('b', 3 * gib), run('c', 2 * gib), run('d', gib / 2), run('e', 9 * gib, 'you')]
  const refusal = refusalOfMemory(gib, promised, 16 * gib, 'me')
  assert.match(refusal?.message ?? '', /1GiB.*16GiB.*15\.5GiB.*5 runs/)
  assert.match(refusal?.hint ?? '', /Run b \(3GiB\): ramet playground stop b; Run c \(2GiB\): .*Run a \(1GiB\)/)
  assert.doesNotMatch(refusal?.hint ?? '', /Run [de]/)
})

test('a run that does not fit alone is told so', () => {
  const hint = refusalOfMemory(5 * gib, [run('a', gib)], 4 * gib, 'me')?.hint ?? ''
  assert.match(hint, /ramSize.*--memory/)
  assert.doesNotMatch(hint, /stop a/)
})

test('the host keeps a tenth, at least 1 GiB; a container counts with what it may have', () => {
  assert.equal(memoryForRuns(100 * gib, 0), 90 * gib)
  assert.equal(memoryForRuns(4 * gib, 2 ** 63), 3 * gib)
  assert.equal(memoryForRuns(100 * gib, 20 * gib), 18 * gib)
  assert.equal(memoryForRuns(gib / 2, 0), 0)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testCache } from '../test-vm.ts'
import { hostileRounds } from './rounds.ts'

test('whatever a hostile QEMU does in the folders of its run, root reads and changes nothing outside: 1,000 rounds', async () => {
  const { succeeded, failed } = await hostileRounds(1_000, testCache)
  for (const act of [
    'make overlays',
    'look at a drive',
    'seal',
    'give back',
    'write records',
    'read the console',
    'start',
    'destroy',
  ])
    assert.ok(
      (succeeded[act] ?? 0) > 0,
      `${act} never succeeded, so nothing was tested: ${JSON.stringify({ succeeded, failed })}`,
    )
  // Both ends of the race were seen.
  for (const act of ['seal', 'give back']) assert.ok((failed[act] ?? 0) > 0, `${act} never met anything hostile`)
})

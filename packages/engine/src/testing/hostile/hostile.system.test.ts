import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testCache } from '../test-vm.ts'
import { jailedRounds } from './jailed.ts'
import type { Report } from './once.ts'
import { hostileRounds } from './rounds.ts'

const mustHaveDone = ({ succeeded, ...rest }: Report, acts: readonly string[]) => {
  for (const act of acts)
    assert.ok(
      (succeeded[act] ?? 0) > 0,
      `${act} never succeeded, so nothing was tested: ${JSON.stringify({ succeeded, ...rest })}`,
    )
}

test('whatever a hostile program in the place of QEMU does, nothing outside its jail is read or changed and no name is made: 1,000 rounds', async () => {
  const report = await jailedRounds(1_000, testCache)
  mustHaveDone(report, ['start', 'cut drives', 'cut memory', 'seal, clone, give back', 'look', 'check', 'stop'])
  assert.match(report.why['start again'] ?? '', /the data is in another file/)
})

test('whatever is put under root’s names in the folders of a run, root reads and changes nothing outside: 1,000 rounds', async () => {
  const report = await hostileRounds(1_000, testCache)
  mustHaveDone(report, [
    'make overlays',
    'look at a drive',
    'seal',
    'give back',
    'write records',
    'read the console',
    'start',
    'destroy',
  ])
  // Both ends of the race were seen.
  for (const act of ['seal', 'give back']) assert.ok((report.failed[act] ?? 0) > 0, `${act} never met anything hostile`)
})

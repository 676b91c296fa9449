import { test } from 'node:test'
import { testCache } from '../test-vm.ts'
import { hostileRounds } from './rounds.ts'

test('whatever a hostile QEMU does in the folders of its run, root reads and changes nothing outside: 100,000 rounds', async (t) => {
  const { succeeded, failed } = await hostileRounds(Number(process.env.RAMET_ROUNDS ?? 100_000), testCache)
  t.diagnostic(JSON.stringify({ succeeded, failed }))
})

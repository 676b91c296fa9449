import { test } from 'node:test'
import { testCache } from '../test-vm.ts'
import { jailedRounds } from './jailed.ts'
import { hostileRounds } from './rounds.ts'

const rounds = Number(process.env.RAMET_ROUNDS ?? 100_000)

test(`a hostile program in the place of QEMU reads and changes nothing outside its jail: ${rounds} rounds`, async (t) => {
  t.diagnostic(JSON.stringify(await jailedRounds(rounds, testCache)))
})

test(`root reads and changes nothing outside, whatever is put under its names: ${rounds} rounds`, async (t) => {
  t.diagnostic(JSON.stringify(await hostileRounds(rounds, testCache)))
})

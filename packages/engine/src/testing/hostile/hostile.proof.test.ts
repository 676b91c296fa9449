import { test } from 'node:test'
import { testCache } from '../test-vm.ts'
import { jailedRounds } from './jailed.ts'
import type { Tell } from './once.ts'
import { hostileRounds } from './rounds.ts'

const rounds = Number(process.env.RAMET_ROUNDS ?? 100_000)
const toldEvery = Math.ceil(rounds / 20)

/** Half an hour of silence looks like a hang. */
function progress(what: string): Tell {
  const begun = performance.now()
  return (held) => {
    if (held % toldEvery === 0)
      console.log(`${what}: ${held} of ${rounds} rounds after ${Math.round((performance.now() - begun) / 1000)} s`)
  }
}

test(`a hostile program in the place of QEMU reads and changes nothing outside its jail: ${rounds} rounds`, async (t) => {
  t.diagnostic(JSON.stringify(await jailedRounds(rounds, testCache, progress('in the place of QEMU'))))
})

test(`root reads and changes nothing outside, whatever is put under its names: ${rounds} rounds`, async (t) => {
  t.diagnostic(JSON.stringify(await hostileRounds(rounds, testCache, progress('under root’s names'))))
})

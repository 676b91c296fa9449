import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cpuSecondsOf } from './cpu-time.ts'

test('the CPU time of a process is that of all its threads, and unknown when it is gone', async () => {
  const { user, system } = process.cpuUsage()
  const seconds = await cpuSecondsOf(process.pid)
  assert.ok(seconds !== undefined && Math.abs(seconds - (user + system) / 1e6) < 1, `${seconds}`)
  assert.equal(await cpuSecondsOf(2 ** 22 + 1), undefined)
})

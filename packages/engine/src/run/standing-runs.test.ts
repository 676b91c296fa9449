import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { stopBackgroundPrograms } from '../process/background-programs.ts'
import { run } from '../process/run-process.ts'
import { StandingRuns } from './standing-runs.ts'

/** `T`: stopped (proc(5)). */
const stateOf = (pid: number) => /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]
async function until(isThere: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 5_000; !isThere(); await delay(5)) assert.ok(Date.now() < deadline, 'waited in vain')
}

test('VMs of a run that stands still are stopped, those that come meanwhile too, until it goes on', async () => {
  const standing = new StandingRuns()
  const [one, two] = [spawn('sleep', ['60']), spawn('sleep', ['60'])]
  try {
    const pids = [one.pid ?? 0]
    standing.set(['a'], () => pids)
    await until(() => stateOf(one.pid ?? 0) === 'T')
    pids.push(two.pid ?? 0)
    standing.added('a', two.pid ?? 0)
    standing.added('b', process.pid)
    await until(() => stateOf(two.pid ?? 0) === 'T')
    standing.set([], () => pids)
    await until(() => [one, two].every(({ pid }) => stateOf(pid ?? 0) === 'S'))
  } finally {
    one.kill('SIGKILL')
    two.kill('SIGKILL')
  }
})

test('a workflow of such a run waits between two steps, and ends when it is told to', async () => {
  const standing = new StandingRuns()
  const none = () => []
  await standing.mayGoOn('a', AbortSignal.timeout(1_000))
  standing.set(['a'], none)
  let hasGoneOn = false
  const waits = standing.mayGoOn('a', AbortSignal.timeout(5_000)).then(() => {
    hasGoneOn = true
  })
  await delay(10)
  assert.equal(hasGoneOn, false)
  standing.set(['b'], none)
  await waits
  const given = new AbortController()
  const ended = assert.rejects(standing.mayGoOn('b', given.signal), /enough/)
  given.abort(new Error('enough'))
  await ended
})

test('a program that nobody waits for is in the idle class, stands still with the others, and can be ended then', async () => {
  const given = new AbortController()
  let pid = 0
  stopBackgroundPrograms(true)
  try {
    const ran = run(['sleep', '60'], { isBackground: true, signal: given.signal, onSpawn: (spawned) => (pid = spawned) })
    ran.catch(() => {})
    await until(() => pid !== 0 && stateOf(pid) === 'T')
    stopBackgroundPrograms(false)
    // The last but third field of what sched(7) calls the policy: 5 is SCHED_IDLE (proc(5), field 41).
    const policy = () => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[38]
    await until(() => policy() === '5')
    stopBackgroundPrograms(true)
    given.abort()
    await assert.rejects(ran, /was cancelled/)
  } finally {
    stopBackgroundPrograms(false)
  }
})

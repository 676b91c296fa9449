import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ScriptEnd } from '@ramet/engine'
import type { PlanTask } from '@ramet/model/plan/run-plan.ts'
import { tryTask, untilNextTry } from './try-task.ts'

const task: PlanTask = {
  name: 't',
  machine: 'm',
  user: 'root',
  run: 'run',
  needs: [],
  timeoutSeconds: 1,
  kind: 'regular',
  hintcheck: 'hint',
  failcheck: 'fail',
}
const end = (exitCode: number, stdout = '', state: ScriptEnd['state'] = 'exited'): ScriptEnd => ({
  state,
  exitCode,
  tookMs: 5,
  stdout,
  stderr: '',
})

/** Tries it where scripts end so; returns what came of it and which of them ran. */
async function tried(ends: Readonly<Record<string, ScriptEnd>>, more: Partial<PlanTask> = {}) {
  const ran: string[] = []
  const result = await tryTask({ ...task, ...more }, new Map(), async (script) => {
    ran.push(script)
    return ends[script] ?? end(0)
  })
  return { ...result, ran }
}

test('the failcheck runs first, the hintcheck only after a try that did not succeed', async () => {
  const done = await tried({})
  assert.deepEqual([done.outcome, done.ran, done.checks.hintcheck], ['completed', ['fail', 'run'], undefined])
  const hinted = await tried({ run: end(1), hint: end(7, 'do this\n') })
  assert.deepEqual([hinted.outcome, hinted.ran], ['again', ['fail', 'run', 'hint']])
  assert.deepEqual(hinted.checks.hintcheck, { exitCode: 7, stdout: 'do this\n', stderr: '' })
})

test('a failcheck that does not exit with 0 fails the task before its script runs, and its words are the reason', async () => {
  const { outcome, ran, reason } = await tried({ fail: end(1, 'You deleted it.\n') })
  assert.deepEqual([outcome, ran, reason], ['failed', ['fail'], 'Its failcheck says: You deleted it.'])
  assert.match((await tried({ fail: end(3) })).reason ?? '', /exited with status 3/)
})

test('what takes too long is tried again, its failcheck too', async () => {
  const slow = await tried({ fail: end(143, '', 'timed-out'), run: end(143, '', 'timed-out') })
  assert.deepEqual([slow.outcome, slow.ran], ['again', ['fail', 'run', 'hint']])
})

test('a helper never completes', async () => {
  assert.equal((await tried({}, { kind: 'helper' })).outcome, 'again')
})

test('a user that is not there fails it', async () => {
  const none = await tryTask({ ...task, failcheck: undefined }, new Map(), async () => ({ refused: 'There is no user x.' }))
  assert.deepEqual([none.outcome, none.reason], ['failed', 'There is no user x.'])
})

test('between two tries is four times what one took, from one second to fifteen', () => {
  assert.deepEqual([0, 1000, 60_000].map(untilNextTry), [1000, 4000, 15_000])
})

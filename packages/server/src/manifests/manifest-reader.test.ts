import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultLimits } from '@ramet/model/access/limits.ts'
import { until } from '../testing/start-for-test.ts'
import type { Job, JobAnswer } from './jobs.ts'
import { BoundedReader, type Reading } from './manifest-reader.ts'

const ann = { id: 'a', name: 'ann' }
const bob = { id: 'b', name: 'bob' }

/** Processes whose every answer and end the test holds in its hand. */
class StubReading implements Reading {
  readonly jobs: { job: Job; answer: PromiseWithResolvers<JobAnswer> }[] = []
  isSpent = false
  do(job: Job): Promise<JobAnswer> {
    const answer = Promise.withResolvers<JobAnswer>()
    this.jobs.push({ job, answer })
    return answer.promise
  }
  end(): void {
    this.isSpent = true
  }
}

function readerOn(started: StubReading[], options: ConstructorParameters<typeof BoundedReader>[0] = {}) {
  const start = async () => {
    const reading = new StubReading()
    started.push(reading)
    return reading
  }
  return new BoundedReader({ start, ...options })
}

test('one manifest is read at a time, by one process, in the order in which they came', async () => {
  const started: StubReading[] = []
  using reader = readerOn(started)
  const answers = ['1', '2'].map((text) => reader.problems(ann, text, 'm.yaml', {}))
  await until('the first', () => started[0]?.jobs.length === 1)
  started[0]?.jobs[0]?.answer.resolve({ problems: [] })
  await until('the second', () => started[0]?.jobs.length === 2)
  started[0]?.jobs[1]?.answer.resolve({ problems: [{ code: 'c', message: 'm' }] })
  assert.deepEqual(await Promise.all(answers), [[], [{ code: 'c', message: 'm' }]])
  assert.equal(started.length, 1)
})

test('a manifest that costs the process its life is refused, and the next one gets a new process', async () => {
  const started: StubReading[] = []
  using reader = readerOn(started)
  const bad = reader.problems(ann, 'bad', 'm.yaml', {})
  const good = reader.problems(bob, 'good', 'm.yaml', {})
  await until('the first', () => started[0]?.jobs.length === 1)
  started[0]?.end()
  started[0]?.jobs[0]?.answer.reject(new Error('killed'))
  await assert.rejects(bad, { code: 'manifest_too_complex', status: 400 })
  await until('another process', () => started[1]?.jobs.length === 1)
  started[1]?.jobs[0]?.answer.resolve({ problems: [] })
  assert.deepEqual(await good, [])
})

test('a user’s manifests beyond the limit are refused, and those of others are not', async () => {
  const started: StubReading[] = []
  using reader = readerOn(started, { limits: { ...defaultLimits, 'manifest-checks': 2 } })
  const waiting = [1, 2].map(() => reader.problems(ann, 'x', 'm.yaml', {}))
  await assert.rejects(reader.problems(ann, 'x', 'm.yaml', {}), { code: 'too_many_manifest_checks', status: 429 })
  waiting.push(reader.problems(bob, 'x', 'm.yaml', {}))
  for (let at = 0; at < waiting.length; at += 1) {
    await until('a job', () => started[0]?.jobs.length === at + 1)
    started[0]?.jobs[at]?.answer.resolve({ problems: [] })
    await waiting[at]
  }
  const again = reader.problems(ann, 'x', 'm.yaml', {})
  await until('a job', () => started[0]?.jobs.length === 4)
  started[0]?.jobs[3]?.answer.resolve({ problems: [] })
  assert.deepEqual(await again, [])
})

test('more than so many of all users do not wait', async () => {
  using reader = readerOn([], { mostWaiting: 1 })
  void reader.problems(ann, 'x', 'm.yaml', {}).catch(() => {})
  await assert.rejects(reader.problems(bob, 'x', 'm.yaml', {}), { code: 'too_many_manifest_checks' })
})

test('the faults of a body come back as they were found', async () => {
  const started: StubReading[] = []
  using reader = readerOn(started)
  const body = reader.body(ann, { name: 'a', base: 'b' }, {})
  await until('a job', () => started[0]?.jobs.length === 1)
  const problems = [{ code: 'unknown_base', message: 'No.', where: 'base' }]
  started[0]?.jobs[0]?.answer.resolve({ refused: problems, status: 400 })
  await assert.rejects(body, { code: 'unknown_base', status: 400, where: 'base', problems })
})

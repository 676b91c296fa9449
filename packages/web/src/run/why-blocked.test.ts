import assert from 'node:assert/strict'
import { test } from 'node:test'
import { taskStatus } from '@ramet/model/run/task-state.ts'
import { whyBlocked } from './why-blocked.ts'

const { blocked, completed, failed } = taskStatus
const task = (name: string, status: number, needs: string[] = [], init = true) => ({ name, status, needs, init, helper: false })

test('a blocked task tells what it waits for, and not what is over', () => {
  const all = [
    task('seed', completed),
    task('broken', failed, ['seed']),
    task('after', blocked, ['seed', 'broken']),
    task('check', blocked, ['seed'], false),
    task('next', blocked, ['check'], false),
  ]
  assert.deepEqual(
    all.map((each) => whyBlocked(each, all)),
    [undefined, undefined, 'Needs broken.', 'Begins when all init tasks have completed: not yet broken, after.', 'Needs check.'],
  )
})

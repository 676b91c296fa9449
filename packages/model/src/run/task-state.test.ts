import assert from 'node:assert/strict'
import { test } from 'node:test'
import { areInitTasksOver, taskOutlooks, taskStatus } from './task-state.ts'

const { created, blocked, running, failed, completed } = taskStatus
const chain = (...statuses: number[]) =>
  statuses.map((status, at) => ({ name: `t${at}`, needs: at === 0 ? [] : [`t${at - 1}`], status }))
const outlook = (tasks: ReturnType<typeof chain>, at: number) => taskOutlooks(tasks).get(`t${at}`)

test('a task may begin when all it needs has completed, and never when something below it failed', () => {
  assert.equal(outlook(chain(created), 0), 'ready')
  assert.equal(outlook(chain(completed, blocked), 1), 'ready')
  assert.equal(outlook(chain(running, blocked), 1), 'waits')
  assert.equal(outlook(chain(created, blocked, blocked), 2), 'waits')
  assert.equal(outlook(chain(failed, blocked, blocked), 1), 'never')
  assert.equal(outlook(chain(failed, blocked, blocked), 2), 'never')
})

test('tasks are over when each is, or can never begin', () => {
  assert.equal(areInitTasksOver([]), true)
  assert.equal(areInitTasksOver(chain(completed, completed)), true)
  assert.equal(areInitTasksOver(chain(failed, blocked, blocked)), true)
  for (const tasks of [chain(created), chain(running), chain(completed, blocked), chain(completed, running)])
    assert.equal(areInitTasksOver(tasks), false, JSON.stringify(tasks))
  assert.equal(areInitTasksOver([...chain(failed, blocked), { name: 'other', needs: [], status: running }]), false)
})

test('tasks that densely need each other are looked at once each', () => {
  const layers = Array.from({ length: 50 }, (_, layer) => ['a', 'b'].map((name) => ({ layer, name: `${name}${layer}` })))
  const tasks = layers.flat().map(({ layer, name }) => ({
    name,
    needs: layer === 0 ? [] : [`a${layer - 1}`, `b${layer - 1}`],
    status: layer === 0 ? failed : created,
  }))
  assert.equal(taskOutlooks(tasks).get('a49'), 'never')
  assert.equal(areInitTasksOver(tasks), true)
})

test('a repeated task waits for all init tasks, and the end of the init tasks does not wait for it', () => {
  const check = { name: 'check', kind: 'regular', needs: [], status: created } as const
  const at = (...statuses: number[]) => [...chain(...statuses), check]
  assert.equal(taskOutlooks(at(completed, running)).get('check'), 'waits')
  assert.equal(taskOutlooks(at(failed)).get('check'), 'never')
  assert.equal(taskOutlooks(at(completed)).get('check'), 'ready')
  assert.equal(areInitTasksOver(at(completed)), true)
  assert.equal(areInitTasksOver([check]), true)
})

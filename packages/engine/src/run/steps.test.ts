import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runWorkflow, type Step } from './steps.ts'

const made = (world: string[], name: string): Step<string[]> => ({
  name,
  message: `Making ${name}`,
  done: async () => world.includes(name),
  do: async () => void world.push(name),
})
const names = ['namespace', 'overlays', 'vms']

test('a crash after any step is made good by running the steps again, none of them twice', async () => {
  for (const crashAfter of names) {
    const world: string[] = []
    const workflow = { name: 'start', steps: names.map((name) => made(world, name)) }
    const afterStep = (step: string) => {
      if (step === `start/${crashAfter}`) throw new Error('killed')
    }
    await assert.rejects(runWorkflow(workflow, world, { afterStep }), /killed/)
    await runWorkflow(workflow, world)
    assert.deepEqual(world, names)
  }
})

test('a cancelled workflow stops between two steps and says why', async () => {
  const world: string[] = []
  const cancel = new AbortController()
  const workflow = { name: 'start', steps: names.map((name) => made(world, name)) }
  const afterStep = () => cancel.abort(new Error('somebody wants it stopped'))
  await assert.rejects(runWorkflow(workflow, world, { afterStep, signal: cancel.signal }), /somebody wants it stopped/)
  assert.deepEqual(world, ['namespace'])
})

test('steps in a list of their own are under way together, and when one fails the workflow waits for the others', async () => {
  const world: string[] = []
  const second = Promise.withResolvers<void>()
  const meeting: Step<string[]>[] = [
    { ...made(world, 'one'), do: () => second.promise.then(() => Promise.reject(new Error('one failed'))) },
    {
      ...made(world, 'two'),
      async do() {
        second.resolve()
        await new Promise((resolve) => setTimeout(resolve, 20))
        world.push('two')
      },
    },
  ]
  await assert.rejects(runWorkflow({ name: 'start', steps: [meeting, made(world, 'three')] }, world), /one failed/)
  assert.deepEqual(world, ['two'])
})

import assert from 'node:assert/strict'
import test from 'node:test'
import type { PlayTaskDetails } from '@ramet/model/api/wire.ts'
import { taskStatus } from '@ramet/model/run/task-state.ts'
import { id, stubPlay, stubWorld } from './testing/stub-world.ts'

const timeout = 30_000
const task = (name: string, status: number, more: Partial<PlayTaskDetails> = {}): PlayTaskDetails => ({
  name,
  init: true,
  helper: false,
  status,
  version: 1,
  machine: 'zeta',
  needs: [],
  run: 'true',
  user: 'root',
  timeoutSeconds: 60,
  stdout: '',
  stderr: '',
  ...more,
})
const running = (tasks: PlayTaskDetails[], initTasksOver = true) =>
  stubPlay('RUNNING', { tasks: Object.fromEntries(tasks.map((each) => [each.name, each])), initTasksOver })

const failing = [
  task('check', taskStatus.failed, { exitCode: 3, stdout: 'looked\n', stderr: 'not \x1b[2Jthere\n' }),
  task('later', taskStatus.blocked, { needs: ['check'] }),
]

test('start shows what a failed init task printed, exits with 1, and says that the run is usable', { timeout }, async () => {
  await using world = await stubWorld({
    'POST /api/plays': stubPlay('CREATED'),
    [`GET /api/plays/${id}`]: running(failing),
    [`GET /api/plays/${id}/tasks`]: failing,
  })
  const { code, stdout, stderr } = await world.ramet(['p', 'start', 'duo', '-q'])
  assert.deepEqual({ code, stdout }, { code: 1, stdout: `${id}\n` })
  assert.match(stderr, /==> check on zeta printed:\nlooked\n==> check on zeta complained:\nnot \^\[\[2Jthere\n/)
  assert.match(stderr, /init task check on zeta failed: it exited with status 3\..*init_task_failed.*\n.*can be used/)
  assert.equal((await world.ramet(['p', 'start', 'duo', '-q', '--skip-wait-init'])).code, 0)
})

test('tasks --wait exits with 2 when not all have completed, or not in time', { timeout }, async () => {
  const cases = [
    [failing, true, []],
    [[task('slow', taskStatus.running)], false, ['--timeout', '300ms']],
  ] as const
  for (const [tasks, isOver, options] of cases) {
    await using world = await stubWorld({
      [`GET /api/plays/${id}`]: running([...tasks], isOver),
      [`GET /api/plays/${id}/tasks`]: tasks,
    })
    assert.equal((await world.ramet(['p', 'tasks', id, '--wait', ...options])).code, 2)
    assert.equal((await world.ramet(['p', 'tasks', id])).code, 0)
  }
})

test('tasks that wait for a machine that is off are not waited for', { timeout }, async () => {
  const waiting = [task('check', taskStatus.created)]
  const play = running(waiting, false)
  const off = { ...play, machines: play.machines.map((machine) => ({ ...machine, state: 'FAILED' as const })) }
  await using world = await stubWorld({
    'POST /api/plays': stubPlay('CREATED'),
    [`GET /api/plays/${id}`]: off,
    [`GET /api/plays/${id}/tasks`]: waiting,
  })
  const { code, stderr } = await world.ramet(['p', 'start', 'duo', '-q'])
  assert.equal(code, 1)
  assert.match(stderr, /check waits for zeta.*\(machine_off\)/)
})

test('machine stop asks for it and returns when the machine is off; one that fails says why', { timeout }, async () => {
  const play = stubPlay('RUNNING')
  const withState = (state: 'STOPPED' | 'FAILED') => ({
    ...play,
    machines: play.machines.map((machine) => ({ ...machine, state })),
    status: {
      ...play.status,
      machines: play.status.machines.map((machine) => ({
        ...machine,
        state,
        conditions: [{ name: 'Ready', status: 'False' as const, lastTransitionAt: play.createdAt, message: 'It did not boot.' }],
      })),
    },
  })
  const answers = [play, withState('STOPPED')]
  await using world = await stubWorld({
    [`POST /api/plays/${id}/actions`]: play,
    [`GET /api/plays/${id}`]: () => (answers.length > 1 ? answers.shift() : answers[0]),
  })
  assert.equal((await world.ramet(['p', 'machine', 'stop', id, 'alpha', '-q'])).code, 0)
  assert.deepEqual(world.asked.find(({ what }) => what.startsWith('POST'))?.body, { action: 'machine.stop', machine: 'alpha' })
  answers.splice(0, 2, play, withState('FAILED'))
  const failed = await world.ramet(['p', 'machine', 'reboot', id, 'alpha'])
  assert.equal(failed.code, 1)
  assert.match(failed.stderr, /It did not boot\. \(machine_failed\)/)
})

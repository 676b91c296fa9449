import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { PlayTaskDetails } from '@ramet/model/api/wire.ts'
import { taskStatusWord } from '@ramet/model/run/task-state.ts'
import { until } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'

const drives = '[{ source: debian-stable, mount: / }]'
const manifest = `kind: playground
title: Tasks of every kind
playground:
  networks: [{ name: lan, subnet: 10.10.0.0/24 }]
  machines:
    - { name: a, users: [{ name: root }], drives: ${drives}, network: { interfaces: [{ network: lan }] } }
    - { name: b, users: [{ name: root }], drives: ${drives}, network: { interfaces: [{ network: lan }] } }
    - { name: c, users: [{ name: root }], drives: ${drives}, network: { interfaces: [{ network: lan }] } }
  initConditions: { values: [{ key: tls, default: "off", options: ["on", "off"] }] }
  initTasks:
    seed: { init: true, machine: a, run: "echo seeded" }
    tls: { init: true, machine: a, needs: [seed], conditions: [{ key: tls, value: "on" }], run: "exit 1" }
    broken: { init: true, machine: b, needs: [tls], run: "echo tried && test -e /go" }
    after: { init: true, machine: c, needs: [broken], env: [SAID=x(.needs.seed.stdout)], run: 'echo "a said $SAID"' }
    hangs: { init: true, machine: c, timeout_seconds: 1, run: "sleep 30" }
    check: { init: false, machine: b, needs: [seed], run: "test -e /done", hintcheck: "echo touch /done", failcheck: "test -e /spoilt && echo You spoilt it && exit 1 || true" }
    next: { init: false, machine: c, needs: [check], run: "true" }
    load: { helper: true, machine: a, run: "touch /loaded" }
  accessControl: { canList: [owner], canRead: [owner], canStart: [owner] }
`

describe('tasks of every kind, on machines that are not real', { concurrency: false }, () => {
  const server = new TestServer({ fake: true })
  const client = () => server.client()
  let name = ''
  let id = ''
  const tasks = async (of = id) => Object.fromEntries((await (await client()).plays.tasks(of)).map((task) => [task.name, task]))
  const words = (all: Record<string, PlayTaskDetails>) =>
    Object.fromEntries(Object.values(all).map(({ name, status }) => [name, taskStatusWord(status)]))
  const become = (expected: Record<string, string>, of = id) =>
    until(
      `tasks to be ${JSON.stringify(expected)}`,
      async () => {
        const now = words(await tasks(of))
        return Object.entries(expected).every(([task, word]) => now[task] === word)
      },
      30_000,
    ).catch(async (error) => assert.fail(`${error}: ${JSON.stringify(await tasks(of))}`))
  const inside = async (machine: string, command: string, of = id) =>
    server.ramet(['ssh', of, '-m', machine, '-u', 'root', '--', command])
  const retry = (task: string) => server.ramet(['playground', 'task', 'retry', id, task])

  before(async () => {
    await server.start()
    const file = join(server.home, 'tasks.yaml')
    await writeFile(file, manifest)
    name = (await server.ok('playground', 'create', 'tasks', '-b', 'flexbox', '-f', file, '-q')).trim()
  })
  after(() => server.dispose())

  test('a failed one and one that takes too long leave the run RUNNING, and what needs them waits', async () => {
    const started = await server.ramet(['playground', 'start', name])
    id = started.stdout.trim()
    assert.equal(started.code, 1)
    assert.match(started.stderr, /init task broken on b failed: it exited with status 1\..*\(init_task_failed\)/)
    assert.match(started.stderr, /ramet playground task retry [0-9a-f]{24} broken/)
    await become({ seed: 'completed', broken: 'failed', hangs: 'failed', after: 'blocked', check: 'blocked', load: 'blocked' })
    const play = await (await client()).plays.get(id)
    assert.deepEqual([play.state, play.initTasksOver, Object.keys(play.tasks).includes('tls')], ['RUNNING', true, false])
    const { broken, hangs } = await tasks()
    assert.deepEqual([broken?.stdout, broken?.exitCode], ['tried\n', 1])
    assert.match(hangs?.reason ?? '', /longer than 1 s/)
    const table = await server.ok('playground', 'tasks', id)
    assert.match(table, /^NAME +MACHINE +KIND +STATUS +EXIT/)
    assert.match(table, /^broken +b +init +failed +1 /m)
    assert.match(table, /^check +b +regular +blocked /m)
    assert.equal((await server.ramet(['playground', 'tasks', id, '--wait', '--timeout', '20s'])).code, 2)
  })

  test('one that failed is run again, and what waited goes on after it; others are refused', async () => {
    const wrong = await retry('brokn')
    assert.match(wrong.stderr, /\(unknown_task\)\n {2}hint: .*It has: seed, broken/)
    assert.match((await retry('seed')).stderr, /The task seed has completed\. \(task_not_failed\)/)
    await retry('broken')
    await become({ broken: 'failed' })
    await inside('b', 'touch /go')
    assert.equal((await retry('broken')).code, 0)
    await become({ broken: 'completed', after: 'completed' })
    const { after: last, broken } = await tasks()
    assert.deepEqual([last?.stdout, broken?.exitCode], ['a said seeded\n', 0])
    const output = await server.ramet(['playground', 'task', 'output', id, 'after', '--follow'])
    assert.deepEqual([output.code, output.stdout], [0, 'a said seeded\n'])
  })

  test('repeated ones begin when all init tasks have completed', async () => {
    const all = await tasks()
    assert.equal(words(all).check, 'blocked', 'one init task has failed')
    const { plays } = await client()
    await plays.destroy(id)
    const file = join(server.home, 'shorter.yaml')
    await writeFile(file, manifest.replace('run: "sleep 30"', 'run: "true"').replace('&& test -e /go', ''))
    await server.ok('playground', 'update', name, '-f', file, '-q')
    id = (await server.ok('playground', 'start', name, '-q')).trim()
    await become({ check: 'running', load: 'running', next: 'blocked' })
    await until('the helper to have worked', async () => (await inside('a', 'test -e /loaded')).code === 0)
  })

  test('a check shows its hint until it succeeds', async () => {
    await until('the hint', async () => (await tasks()).check?.hintcheckStdout?.[0] === 'touch /done')
    const { check } = await tasks()
    assert.deepEqual([check?.exitCode, check?.failcheckExitCode, check?.init, check?.helper], [1, 0, false, false])
    assert.match(await server.ok('playground', 'tasks', id, '--kind', 'regular'), /^check .* hint: touch \/done$/m)
    await inside('b', 'touch /done')
    await become({ check: 'completed', next: 'completed', load: 'running' })
    assert.equal(
      (await server.ramet(['playground', 'tasks', id, '--wait', '--timeout', '20s'])).code,
      0,
      'helpers are not waited for',
    )
    assert.equal((await tasks()).check?.hintcheckStdout, undefined)
  })

  test('the row of a task that says the same is not written again', async () => {
    const before = (await tasks()).load?.version
    const since = Date.now()
    await until('two more tries', async () => Date.now() - since > 2500)
    assert.equal((await tasks()).load?.version, before)
  })

  test('stop ends tries and restart begins them again; neither, nor a clone or a save, runs again what is over', async () => {
    const before = await tasks()
    const ranAt = (all: Record<string, PlayTaskDetails>) =>
      Object.values(all).flatMap(({ name: each, helper, lastRunAt }) => (helper ? [] : [[each, lastRunAt]]))
    await server.ok('playground', 'stop', id, '-q')
    assert.equal(words(await tasks()).load, 'waiting')
    const clone = (await server.ok('playground', 'clone', id, '--start', '-q')).trim()
    await server.ok('playground', 'save', id, 'tasks-done', '-q')
    const again = (await server.ok('playground', 'start', 'tasks-done', '-q')).trim()
    await server.ok('playground', 'restart', id, '-q')
    for (const each of [id, clone, again]) {
      await become({ load: 'running', check: 'completed', next: 'completed' }, each)
      assert.deepEqual(ranAt(await tasks(each)), ranAt(before))
    }
    const live = (await (await client()).plays.clone(id, { live: true }))[0]?.id ?? ''
    await become({ load: 'running', check: 'completed' }, live)
    assert.deepEqual(ranAt(await tasks(live)), ranAt(before))
  })

  test('a failcheck ends a check, which can be tried again', async () => {
    await (await client()).plays.destroy(id)
    id = (await server.ok('playground', 'start', name, '-q')).trim()
    await become({ check: 'running' })
    await inside('b', 'touch /spoilt')
    await become({ check: 'failed', next: 'blocked' })
    const { check } = await tasks()
    assert.equal(check?.reason, 'Its failcheck says: You spoilt it')
    assert.deepEqual([check?.failcheckExitCode, check?.failcheckStdout], [1, ['You spoilt it']])
    await server.ok('playground', 'stop', id, '-q')
    assert.match((await retry('check')).stderr, /Cannot retry task a run that is STOPPED.*\(action_refused\)/)
  })

  test('a server that was killed goes on with them', async () => {
    const other = (await server.ok('playground', 'start', name, '-q')).trim()
    await become({ check: 'running' }, other)
    await server.kill()
    await server.start()
    await until('the machine to answer', async () => (await inside('b', 'touch /done', other)).code === 0)
    await become({ check: 'completed', next: 'completed', load: 'running' }, other)
  })
})

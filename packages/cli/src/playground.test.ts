import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import test from 'node:test'
import type { Play } from '@ramet/model/api/wire.ts'
import { binary, id, stubPlay, stubWorld } from './testing/stub-world.ts'

const timeout = 30_000
/** One answer after the other; the last again and again. */
const inTurn =
  (...plays: Play[]) =>
  () =>
    plays.length > 1 ? plays.shift() : plays[0]

test('start prints the id, tells progress in plain lines, and returns when the run is ready', { timeout }, async () => {
  const building = { step: 'image', message: 'Building debian-stable', percent: 42 }
  await using world = await stubWorld({
    'POST /api/plays': stubPlay('CREATED'),
    [`GET /api/plays/${id}`]: inTurn(
      stubPlay('WARMING_UP', { progress: building }),
      stubPlay('RUNNING', { startKind: 'cold', startReason: 'A boot was asked for.' }),
    ),
  })
  const { code, stdout, stderr } = await world.ramet(['playground', 'start', 'debian', '--title', 'Mine', '--cold'])
  assert.deepEqual({ code, stdout }, { code: 0, stdout: `${id}\n` })
  assert.match(stderr, /^Building debian-stable 40 %\nBooted in \d+\.\d s\. A boot was asked for\.\nReady\./)
  assert.deepEqual(world.asked[0], {
    what: 'POST /api/plays',
    body: { playground: 'debian', title: 'Mine', cold: true },
    authorization: 'Bearer of-the-home',
  })
})

test('quiet means nothing but the id', { timeout }, async () => {
  await using world = await stubWorld({ 'POST /api/plays': stubPlay('CREATED'), [`GET /api/plays/${id}`]: stubPlay('RUNNING') })
  assert.deepEqual((await world.ramet(['p', 'start', 'debian', '-q'])).stderr, '')
})

test('a run that fails to start is an error with the failure’s words', { timeout }, async () => {
  const failure = { code: 'vm_failed', message: 'The machine zeta did not start.', hint: 'Look at its console.' }
  await using world = await stubWorld({
    'POST /api/plays': stubPlay('CREATED'),
    [`GET /api/plays/${id}`]: inTurn(stubPlay('STARTING'), stubPlay('FAILED', { failure })),
  })
  const { code, stderr } = await world.ramet(['p', 'start', 'debian', '-q'])
  assert.equal(code, 1)
  assert.equal(stderr, 'error: The machine zeta did not start. (vm_failed)\n  hint: Look at its console.\n')
})

test('stop, restart and destroy return when they are through', { timeout }, async () => {
  const cases = [
    ['stop', 'STOPPING', 'STOPPED'],
    ['restart', 'STARTING', 'RUNNING'],
    ['destroy', 'DESTROYING', 'DESTROYED'],
  ] as const
  for (const [verb, moving, end] of cases) {
    await using world = await stubWorld({
      'GET /api/plays': [stubPlay('RUNNING')],
      [`POST /api/plays/${id}/actions`]: stubPlay(moving),
      [`GET /api/plays/${id}`]: inTurn(stubPlay(moving), stubPlay(end)),
    })
    // By the beginning of the title.
    const { code, stdout } = await world.ramet(['p', verb, 'My', '-q'])
    assert.deepEqual({ code, stdout }, { code: 0, stdout: `${id}\n` }, verb)
    assert.deepEqual(world.asked[1]?.body, { action: verb })
  }
})

test('a power-off meanwhile is told instead of waited through', { timeout }, async () => {
  await using world = await stubWorld({ 'POST /api/plays': stubPlay('CREATED'), [`GET /api/plays/${id}`]: stubPlay('STOPPED') })
  const { code, stderr } = await world.ramet(['p', 'start', 'debian', '-q'])
  assert.equal(code, 1)
  assert.match(stderr, /\(overruled\)/)
})

test('ctrl-c while waiting says that the run goes on', { timeout }, async () => {
  await using world = await stubWorld({ 'POST /api/plays': stubPlay('CREATED'), [`GET /api/plays/${id}`]: stubPlay('STARTING') })
  const child = spawn(process.execPath, [binary, 'p', 'start', 'debian'], { env: world.env })
  let stderr = ''
  child.stderr.on('data', (bytes) => {
    stderr += bytes
    if (!child.killed && stderr.includes('starting')) child.kill('SIGINT')
  })
  const [code] = await once(child, 'close')
  assert.equal(code, 130)
  assert.match(stderr, new RegExp(`The run ${id} goes on`))
})

test('list leaves destroyed runs out, and no title can steer the terminal', { timeout }, async () => {
  const gone = stubPlay('DESTROYED', { id: 'b'.repeat(24) })
  const storage = { exclusiveBytes: 3 * 1024 ** 2, sharedBytes: 0 }
  await using world = await stubWorld({
    'GET /api/plays': [stubPlay('RUNNING', { title: 'a\x1b[2Jb\x07' }), gone],
    'GET /api/usage': { runs: [{ id, ...storage }], playgrounds: [] },
  })
  assert.equal((await world.ramet(['p', 'list', '-q'])).stdout, `${id}\n`)
  assert.equal((await world.ramet(['p', 'list', '-aq'])).stdout, `${id}\n${gone.id}\n`)
  assert.equal(JSON.parse((await world.ramet(['p', 'list', '-o', 'json'])).stdout)[0].id, id)
  const { stdout } = await world.ramet(['p', 'list'])
  assert.match(stdout, /^RUN ID +PLAYGROUND +TITLE +CREATED +STATUS +STORAGE +LINK\n/)
  assert.match(stdout, / a\^\[\[2Jb\^G +\d+ \w+ ago +RUNNING +3MiB +http/)
})

test('machines come in the order of the manifest', { timeout }, async () => {
  await using world = await stubWorld({ [`GET /api/plays/${id}`]: stubPlay('RUNNING') })
  assert.equal((await world.ramet(['p', 'machines', id, '-q'])).stdout, 'zeta\nalpha\n')
})

test('an ambiguous or unknown name lists what was meant', { timeout }, async () => {
  await using world = await stubWorld({
    'GET /api/plays': [stubPlay('RUNNING'), stubPlay('STOPPED', { id: `${'a'.repeat(23)}b`, title: 'Other' })],
  })
  const ambiguous = await world.ramet(['p', 'stop', 'aaa'])
  assert.equal(ambiguous.code, 1)
  assert.match(ambiguous.stderr, /2 runs begin with aaa. \(ambiguous_name\)\n {2}hint: .*“My run”.*“Other”/)
  assert.match((await world.ramet(['p', 'stop', 'zzz'])).stderr, /no run zzz. \(not_found\)\n {2}hint: .*“My run”/)
})

test('the console’s log is a section a boot', { timeout }, async () => {
  const contents = [{ consoles: ['1', '2'] }, { content: 'first' }, { content: 'second\n' }]
  await using world = await stubWorld({
    [`GET /api/plays/${id}`]: stubPlay('STOPPED'),
    [`POST /api/plays/${id}/actions`]: () => contents.shift(),
  })
  const { code, stdout, stderr } = await world.ramet(['p', 'machine', 'console', id, 'zeta'])
  assert.deepEqual({ code, stdout }, { code: 0, stdout: 'first\nsecond\n' })
  assert.equal(stderr, '==> zeta, boot 1 of 2 (1)\n==> zeta, boot 2 of 2 (2)\n')
  assert.match((await world.ramet(['p', 'machine', 'console', id, 'none'])).stderr, /unknown_machine.*\n.*zeta, alpha/)
})

test('create tells faults by line and posts the manifest’s inner part', { timeout }, async () => {
  await using world = await stubWorld({ 'GET /api/images': [], 'POST /api/playgrounds': { name: 'mine-1' } })
  const bad = await world.ramet(['p', 'create', 'mine', '-b', 'debian', '-f', '-'], {
    input: 'kind: playground\ntitle: My own\nplayground:\n  strange: 1\n  machines: 1\n',
  })
  assert.equal(bad.code, 1)
  assert.match(bad.stderr, /<stdin>:4:3: .*strange/)
  assert.match(bad.stderr, /error: <stdin>:5:13: .*machines/)
  const good = await world.ramet(['p', 'create', 'mine', '-b', 'debian', '-f', '-', '-q'], {
    input: 'kind: playground\ntitle: My own\nplayground: {}\n',
  })
  assert.deepEqual([good.code, good.stdout, good.stderr], [0, 'mine-1\n', ''])
  const { body } = world.asked.at(-1) as { body: Record<string, unknown> }
  assert.deepEqual([body.name, body.base, body.title, body.machines], ['mine', 'debian', 'My own', []])
})

test('remove refuses without a terminal to ask on', { timeout }, async () => {
  await using world = await stubWorld({ 'DELETE /api/playgrounds/mine': {} })
  const refused = await world.ramet(['p', 'remove', 'mine'])
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /Add -f/)
  assert.equal((await world.ramet(['p', 'remove', 'mine', '-f'])).stdout, 'mine\n')
})

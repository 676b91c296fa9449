import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import test from 'node:test'
import { binary, stubPlay, stubWorld } from './testing/stub-world.ts'

const timeout = 30_000

test('wrong usage exits 2 and needs no server', { timeout }, async () => {
  await using world = await stubWorld({})
  for (const args of [
    ['bogus'],
    ['p', 'stop'],
    ['p', 'list', '-o', 'xml'],
    ['p', 'list', '--bogus'],
    ['p', 'start', 'a', '-i', 'b'],
    [],
  ]) {
    assert.equal((await world.ramet(args)).code, 2, args.join(' '))
  }
  assert.equal((await world.ramet(['--version'])).code, 0)
  assert.equal(world.asked.length, 0)
})

test('flags win over environment, and environment over the home', { timeout }, async () => {
  await using home = await stubWorld({ 'GET /api/health': {} })
  await using other = await stubWorld({ 'GET /api/health': {} })
  await home.ramet(['health'], { env: { RAMET_ENDPOINT: other.endpoint } })
  await home.ramet(['health', '--endpoint', other.endpoint], { env: { RAMET_ENDPOINT: home.endpoint, RAMET_TOKEN: 'of-env' } })
  await home.ramet(['health', '--token', 'of-flag'], { env: { RAMET_TOKEN: 'of-env' } })
  await home.ramet(['health'], { env: { RAMET_ENDPOINT: home.endpoint } })
  // The home's token is not given to another server.
  assert.deepEqual(
    other.asked.map(({ authorization }) => authorization),
    [undefined, 'Bearer of-env'],
  )
  assert.deepEqual(
    home.asked.map(({ authorization }) => authorization),
    ['Bearer of-flag', 'Bearer of-the-home'],
  )
})

test('no server: what to do is said', { timeout }, async () => {
  await using world = await stubWorld({})
  const { code, stderr } = await world.ramet(['p', 'list'], { env: { RAMET_HOME: '/nonexistent' } })
  assert.equal(code, 1)
  assert.match(stderr, /\(server_unreachable\)\n {2}hint: Start it with: npm start/)
  assert.match((await world.ramet(['p', 'list', '--endpoint', 'bogus'])).stderr, /invalid_input/)
})

test('a reader that goes away is no crash', { timeout }, async () => {
  const plays = Array.from({ length: 3000 }, (_, index) => stubPlay('RUNNING', { title: `Run ${index}` }))
  await using world = await stubWorld({ 'GET /api/plays': plays })
  const child = spawn(process.execPath, [binary, 'p', 'list'], { env: world.env })
  child.stdout.once('data', () => child.stdout.destroy())
  let stderr = ''
  child.stderr.on('data', (bytes) => {
    stderr += bytes
  })
  const [code] = await once(child, 'close')
  assert.deepEqual({ code, stderr }, { code: 141, stderr: '' })
})

test('manifest check prints a line a fault and exits 1', { timeout }, async () => {
  const problems = [{ code: 'unknown_field', message: 'There is no field a.', where: '<stdin>:1:1', hint: 'Remove it.' }]
  await using world = await stubWorld({ 'POST /api/manifests/check': { problems } })
  const { code, stdout } = await world.ramet(['manifest', 'check', '-'], { input: 'a: 1' })
  assert.equal(code, 1)
  assert.equal(stdout, '<stdin>:1:1: There is no field a. (unknown_field)\n  hint: Remove it.\n')
  assert.deepEqual(world.asked[0]?.body, { text: 'a: 1', fileName: '<stdin>' })
})

test('manifest check takes a manifest with warnings alone, unless it is strict', { timeout }, async () => {
  const problems = [{ code: 'unknown_field', message: 'There is no field a.', where: '<stdin>:1:1', severity: 'warning' }]
  await using world = await stubWorld({ 'POST /api/manifests/check': { problems } })
  const { code, stdout } = await world.ramet(['manifest', 'check', '-'], { input: 'a: 1' })
  assert.deepEqual([code, stdout], [0, '<stdin>:1:1: warning: There is no field a. (unknown_field)\n'])
  assert.equal((await world.ramet(['manifest', 'check', '--strict', '-'], { input: 'a: 1' })).code, 1)
})

test('create names a playground by its title, tells each warning once and with its line, and refuses them when strict', {
  timeout,
}, async () => {
  const warnings = [
    {
      code: 'unknown_kernel',
      message: 'There is no kernel 6.18; the machine a gets 6.1.',
      where: 'machines[0].kernel',
      severity: 'warning',
    },
    { code: 'unknown_base', message: 'There is no k3s.', where: 'base', severity: 'warning' },
  ]
  await using world = await stubWorld({
    'GET /api/images': [{ kind: 'image', name: 'x' }],
    'POST /api/playgrounds': { name: 'my-lab-1', machines: [], warnings },
  })
  const machine = '{name: a, kernel: 6.18, drives: [{source: x, mount: /, size: 1g, format: raw}]}'
  const input = `kind: playground\ntitle: My Lab 🐙\nbase: k3s\nplayground: {machines: [${machine}]}\n`
  const { code, stdout, stderr } = await world.ramet(['p', 'create', '-f', '-'], { input })
  assert.deepEqual([code, stdout], [0, 'my-lab-1\n'])
  const told = stderr.split('\n').filter((line) => line.startsWith('warning:'))
  assert.deepEqual(
    told.map((line) => line.replace(/ .* /, ' ')),
    ['warning: (unknown_field)', 'warning: (unknown_kernel)', 'warning: (unknown_base)'],
  )
  assert.match(told[0] ?? '', /<stdin>:4:\d+: /)
  assert.match(told[1] ?? '', /<stdin>:4:\d+: /, 'told by the server too, and with the line that only the reader knows')
  assert.match(told[2] ?? '', /<stdin>:3:7: /, 'of the server alone')
  const body = world.asked.findLast(({ body }) => body !== undefined)?.body as Record<string, unknown>
  assert.deepEqual(
    [body.name, body.unknownFields],
    ['my-lab', [{ path: ['playground', 'machines', 0, 'drives', 0, 'format'], value: 'raw' }]],
  )
  assert.match((await world.ramet(['p', 'create', '-f', '-', '--strict'], { input })).stderr, /^error: <stdin>/)
})

test('the schema of manifests is printed without a server', { timeout }, async () => {
  await using world = await stubWorld({})
  const { code, stdout } = await world.ramet(['manifest', 'schema'])
  assert.deepEqual([code, JSON.parse(stdout).title, world.asked.length], [0, 'Playground manifest', 0])
})

test('fsck exits 0 when clean and 1 with findings; doctor 1 when something fails', { timeout }, async () => {
  const findings = [[], [{ code: 'orphan', subject: 'layers/a', message: 'Nobody holds it.' }]]
  const checks = [{ name: 'qemu', status: 'fail', message: 'not installed', hint: 'Install it.' }]
  await using world = await stubWorld({ 'GET /api/fsck': () => findings.shift(), 'GET /api/doctor': checks })
  assert.equal((await world.ramet(['fsck'])).code, 0)
  assert.deepEqual(await world.ramet(['fsck']).then(({ code, stdout }) => ({ code, stdout })), {
    code: 1,
    stdout: 'layers/a: Nobody holds it. (orphan)\n',
  })
  const doctor = await world.ramet(['doctor'])
  assert.deepEqual([doctor.code, doctor.stdout], [1, 'fail  qemu: not installed\n      hint: Install it.\n'])
})

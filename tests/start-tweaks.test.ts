import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { manifestsByChance, startWhatIsTaken } from './fuzz-starts.ts'
import { until } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'

const manifest = `kind: playground
title: Web and database
categories: [linux]
playground:
  networks: [{ name: edge, subnet: 10.10.0.0/24 }, { name: inner, subnet: 10.20.0.0/24 }]
  machines:
    - name: web
      users: [{ name: root }]
      drives: [{ source: debian-stable, mount: /, size: 20GiB }]
      network: { interfaces: [{ network: edge }, { network: inner }] }
    - name: db
      users: [{ name: root }]
      drives: [{ source: debian-stable, mount: /, size: 20GiB }]
      network: { interfaces: [{ network: inner }] }
  initTasks: { seed: { init: true, machine: db, run: "true" }, serve: { init: true, machine: web, run: "true" } }
  accessControl: { canList: [owner], canRead: [owner], canStart: [owner] }
`

describe('a start with changes of its own, and a playground that is made anew', { concurrency: false }, () => {
  const server = new TestServer({ fake: true })
  let file = ''
  let name = ''
  const start = async (...options: string[]) => {
    const { code, stdout, stderr } = await server.ramet(['playground', 'start', name, ...options])
    assert.equal(code, 0, stderr)
    return { id: stdout.trim(), stderr }
  }
  const shapeOf = async (id: string) => {
    const { machines, tasks, changes } = await (await server.client()).plays.get(id)
    return {
      machines: machines.map((machine) => machine.name),
      cpus: machines[0]?.resources.cpuCount,
      ram: machines[0]?.resources.ramSize,
      root: (machines[0]?.drives[0]?.sizeBytes ?? 0) / 1024 ** 3,
      address: machines[0]?.interfaces[0]?.address,
      tasks: Object.keys(tasks),
      changes,
    }
  }

  before(async () => {
    await server.start({ RAMET_MEMORY: '16TiB' })
    file = join(server.home, 'web.yaml')
    await writeFile(file, manifest)
    name = (await server.ok('playground', 'create', '-f', file, '-q')).trim()
  })
  after(() => server.dispose())

  test('it is as asked, says so, and stays so through stop, restart, clone and save', async () => {
    const options = '--without db --address web.edge=10.10.0.50 --cpu web=2 --ram web=1GiB --drive web=40GiB'.split(' ')
    const { id, stderr } = await start(...options)
    assert.match(
      stderr,
      /^Other than its playground: without db and the tasks seed; web with 2 CPUs; web with 1GiB of memory; .*\.$/m,
    )
    const shape = await shapeOf(id)
    const { changes, ...rest } = shape
    assert.equal(changes?.length, 5)
    assert.deepEqual(rest, { machines: ['web'], cpus: 2, ram: '1GiB', root: 40, address: '10.10.0.50', tasks: ['serve'] })
    await server.ok('playground', 'stop', id, '-q')
    const clone = (await server.ok('playground', 'clone', id, '-q')).trim()
    await server.ok('playground', 'save', id, 'web-alone', '-q')
    await server.ok('playground', 'restart', id, '-q')
    for (const each of [id, clone]) assert.deepEqual(await shapeOf(each), shape)
    const again = (await server.ok('playground', 'start', 'web-alone', '-q')).trim()
    assert.deepEqual({ ...(await shapeOf(again)), changes: undefined }, { ...rest, changes: undefined })
    const smaller = await server.ramet(['playground', 'start', 'web-alone', '--drive', 'web=30GiB'])
    assert.match(smaller.stderr, /cannot be smaller than what was saved of it.*\n.*40GiB or more/)
    const own = await shapeOf((await start('-q')).id)
    assert.deepEqual([own.machines, own.root, own.changes], [['web', 'db'], 20, undefined], 'the playground is as it was')
  })

  test('what does not go with the playground is refused, with what was meant', async () => {
    const wrong = await server.ramet([
      'playground',
      'start',
      name,
      '--without',
      'dbb',
      '--cpu',
      'wep=2',
      '--drive',
      'web:/date=1GiB',
    ])
    assert.equal(wrong.code, 1)
    assert.match(wrong.stderr, /There is no machine dbb\. \(unknown_machine\)\n {2}hint: Did you mean db\?/)
    assert.match(wrong.stderr, /There is no machine wep\. \(unknown_machine\)\n {2}hint: Did you mean web\?/)
    assert.match(wrong.stderr, /There is no drive of web at \/date\./)
    assert.equal((await server.ramet(['playground', 'start', name, '--cpu', 'web'])).code, 2)
  })

  test('a file gives parts anew; a machine takes over what it does not say, and each fault has its line', async () => {
    const other = join(server.home, 'other.yaml')
    await writeFile(other, 'playground:\n  machines:\n    - name: web\n      resources: { cpuCount: 2 }\n')
    const shape = await shapeOf((await start('-f', other, '-q')).id)
    assert.deepEqual([shape.machines, shape.cpus, shape.root, shape.tasks], [['web'], 2, 20, ['serve']])
    assert.deepEqual(shape.changes, ['machines of its own'])
    await writeFile(other, 'machines:\n  - name: wep\n')
    const wrong = await server.ramet(['playground', 'start', name, '-f', other])
    assert.match(
      wrong.stderr,
      /other\.yaml:2:11: The playground .* has no machine wep\. \(unknown_machine\)\n {2}hint: Did you mean web/,
    )
  })

  test('labctl’s body does the same, and flexbox takes any machines', async () => {
    const { plays } = await server.client()
    const machine = { name: 'web', resources: { cpuCount: 2 }, users: null, drives: null, noSSH: false }
    const body = {
      playground: name,
      tabs: null,
      networks: null,
      machines: [machine],
      initTasks: {},
      safetyDisclaimerConsent: true,
    }
    const play = await plays.start(body)
    assert.deepEqual(
      play.machines.map((each) => [each.name, each.resources.cpuCount]),
      [['web', 2]],
    )
    const drives = [{ source: 'debian-stable', mount: '/' }]
    const free = await plays.start({ playground: 'flexbox', machines: [{ name: 'any', drives }] })
    assert.deepEqual(
      free.machines.map((each) => each.name),
      ['any'],
    )
    await assert.rejects(plays.start({ playground: name, machines: [{ name: 'any', drives }] }), { code: 'unknown_machine' })
  })

  test('a playground is made anew under its name, and its runs stay as they are', async () => {
    const { id } = await start('-q')
    const before = await shapeOf(id)
    await writeFile(
      file,
      manifest
        .replace('title: Web and database', 'title: Only the web')
        .replace(/ {4}- name: db[\s\S]*?(?= {2}initTasks)/, '')
        .replace('seed: { init: true, machine: db, run: "true" }, ', ''),
    )
    const updated = await server.ramet(['playground', 'update', name, '-f', file])
    assert.equal(updated.code, 0, updated.stderr)
    assert.equal(updated.stdout.trim(), name)
    assert.deepEqual(await shapeOf(id), before)
    await server.ok('playground', 'stop', id, '-q')
    await server.ok('playground', 'restart', id, '-q')
    assert.deepEqual((await shapeOf(id)).machines, ['web', 'db'])
    assert.deepEqual((await shapeOf((await start('-q')).id)).machines, ['web'])
    assert.match(await server.ok('playground', 'manifest', name), /^title: Only the web$/m)
    await writeFile(file, manifest.replace('mount: /,', 'mount: nowhere,'))
    assert.match((await server.ramet(['playground', 'update', name, '-f', file])).stderr, /web\.yaml:9:\d+: .*mount/)
    assert.match(await server.ok('playground', 'manifest', name), /^title: Only the web$/m)
    const official = await server.ramet(['playground', 'update', 'debian', '-f', file])
    assert.equal(official.code, 1)
  })

  test('a saved playground keeps what was saved of the drives that are described as before', async () => {
    const text = await server.ok('playground', 'manifest', 'web-alone')
    const saved = join(server.home, 'saved.yaml')
    await writeFile(saved, text.replace('cpuCount: 2', 'cpuCount: 1'))
    await server.ok('playground', 'update', 'web-alone', '-f', saved, '-q')
    const { usage, playgrounds } = await server.client()
    assert.equal((await playgrounds.get('web-alone')).machines[0]?.resources?.cpuCount, 1)
    const kept = async () => (await usage()).playgrounds.some((each) => each.name === 'web-alone')
    assert.equal(await kept(), true, 'its drive is held')
    await until('a run of it to be up', async () => (await server.ramet(['playground', 'start', 'web-alone', '-q'])).code === 0)
  })

  test('of manifests made by chance the first that are taken start, and those that are refused are told with their places', async () => {
    const { started } = await startWhatIsTaken(server, manifestsByChance(30, 3), 4)
    assert.equal(started, 4)
  })
})

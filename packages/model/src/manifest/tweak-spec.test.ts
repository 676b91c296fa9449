import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InvalidInput } from '../errors/error.ts'
import { makeRunPlan } from '../plan/make-run-plan.ts'
import { manifestSpecSchema } from './manifest.ts'
import { tweakSpec } from './tweak-spec.ts'

const root = { source: 'debian-stable', mount: '/', size: '20GiB' }
const spec = manifestSpecSchema.parse({
  networks: [
    { name: 'edge', subnet: '10.10.0.0/24' },
    { name: 'inner', subnet: '10.20.0.0/24' },
  ],
  machines: [
    {
      name: 'web',
      drives: [root, { mount: '/data', size: '1GiB' }],
      network: { interfaces: [{ network: 'edge' }, { network: 'inner' }] },
    },
    { name: 'db', drives: [root], network: { interfaces: [{ network: 'inner', address: '10.20.0.30' }] } },
  ],
  tabs: [{ machine: 'web' }, { machine: 'db' }],
  initTasks: {
    seed: { machine: 'db', run: 'true' },
    link: { machine: 'web', run: 'true', needs: ['seed'] },
    plain: { run: 'true' },
  },
})

test('machines are left out with what is theirs, and changed by name, each with a phrase', () => {
  const { spec: made, changes } = tweakSpec(spec, {
    without: ['db'],
    machines: {
      web: { cpuCount: 2, ramSize: '1GiB', drives: { '/': '40GiB', '/data': '5GiB' }, addresses: { edge: '10.10.0.50' } },
    },
  })
  const plan = makeRunPlan(made)
  const [web, ...others] = plan.machines
  assert.equal(others.length, 0)
  assert.deepEqual([web?.cpuCount, web?.ramMiB], [2, 1024])
  assert.deepEqual(
    web?.drives.map(({ sizeBytes }) => sizeBytes / 1024 ** 3),
    [40, 5],
  )
  assert.deepEqual(
    web?.interfaces.map(({ address }) => address),
    ['10.10.0.50', '10.20.0.2'],
  )
  assert.deepEqual(
    plan.tasks?.map(({ name, machine }) => [name, machine]),
    [['plain', 'web']],
  )
  assert.equal(plan.tabs?.length, 1)
  assert.deepEqual(changes, [
    'without db and the tasks seed, link',
    'web with 2 CPUs',
    'web with 1GiB of memory',
    'web with 40GiB at /',
    'web with 5GiB at /data',
    'web at 10.10.0.50 on edge',
  ])
  assert.equal(spec.machines.length, 2, 'the playground is as it was')
})

const problemsOf = (tweaks: Parameters<typeof tweakSpec>[1]) => {
  try {
    tweakSpec(spec, tweaks)
    return []
  } catch (error) {
    assert.ok(error instanceof InvalidInput)
    return error.problems.map(({ code, where, hint }) => `${code} ${where} ${hint}`)
  }
}

test('all that does not go with the playground is told at once, with what was meant', () => {
  const problems = problemsOf({
    without: ['dbb'],
    machines: { wep: { cpuCount: 1 }, web: { drives: { data: '1GiB' }, addresses: { edgy: '10.10.0.5', inner: '10.x' } } },
  })
  assert.deepEqual(problems, [
    'unknown_machine tweaks.without[0] Did you mean db? There are: web, db.',
    'unknown_machine tweaks.machines.wep Did you mean web? There are: web, db.',
    'invalid_value tweaks.machines.web.drives.data Did you mean /data? There are: /, /data.',
    'invalid_value tweaks.machines.web.addresses.edgy Did you mean edge? There are: edge, inner.',
    'invalid_value tweaks.machines.web.addresses.inner Such as 10.10.0.50',
  ])
})

test('what comes of it is checked as a manifest', () => {
  const codes = (tweaks: Parameters<typeof tweakSpec>[1]) => problemsOf(tweaks).map((each) => each.split(' ')[0])
  assert.deepEqual(codes({ machines: { web: { addresses: { edge: '10.99.0.5' } } } }), ['address_outside_subnet'])
  assert.deepEqual(codes({ machines: { web: { drives: { '/': '900GiB' } } } }), ['drive_too_big'])
  assert.deepEqual(codes({ machines: { web: { ramSize: '1MiB' } } }), ['invalid_value'])
  assert.deepEqual(codes({ machines: { web: { addresses: { inner: '10.20.0.30' } } } }), ['duplicate_address'])
  assert.deepEqual(codes({ without: ['web', 'db'] }), ['missing_field'])
  assert.deepEqual(codes({ without: ['db'], machines: { db: { cpuCount: 2 } } }), ['unknown_machine'])
})

test('a machine without a network of its own has its address changed on the default one', () => {
  const plain = manifestSpecSchema.parse({ machines: [{ name: 'a', drives: [root] }] })
  const { spec: made } = tweakSpec(plain, { machines: { a: { addresses: { local: '172.16.0.77' } } } })
  assert.equal(makeRunPlan(made).machines[0]?.interfaces[0]?.address, '172.16.0.77')
})

test('a task that names no machine goes with the first one, and does not move to the next', () => {
  const { spec: made, changes } = tweakSpec(spec, { without: ['web'] })
  assert.deepEqual(Object.keys(made.initTasks ?? {}), ['seed'])
  assert.deepEqual(changes, ['without web and the tasks link, plain'])
})

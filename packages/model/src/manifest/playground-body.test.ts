import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { InvalidInput } from '../errors/error.ts'
import { bases, images } from '../testing/bases.ts'
import { parsePlaygroundBody } from './parse-manifest.ts'

test('a body of labctl, with nulls and empty texts, is taken', () => {
  const body = {
    name: 'mine',
    base: 'debian',
    title: 'My own one',
    description: '',
    categories: null,
    networks: null,
    machines: [
      {
        name: 'debian',
        users: null,
        kernel: { source: '' },
        drives: null,
        network: null,
        resources: { cpuCount: 0, ramSize: '' },
        startupFiles: null,
      },
    ],
    tabs: null,
    initTasks: null,
    initConditions: { values: null },
    registryAuth: '',
    accessControl: { canList: ['owner'], canRead: ['owner'], canStart: null },
  }
  const { spec, name, description } = parsePlaygroundBody(body, { images, bases })
  assert.equal(name, 'mine')
  assert.equal(description, undefined)
  assert.equal(spec.machines[0]?.drives.length, 1)
})

test('faults in a body have field paths', () => {
  const body = {
    name: 'mine',
    base: 'flexbox',
    machines: [
      {
        name: 'a',
        drives: [
          { source: 'debian-stable', mount: '/' },
          { size: '100TB', mount: '/d', colour: 'red' },
        ],
      },
    ],
  }
  assert.throws(
    () => parsePlaygroundBody(body, { images, bases }),
    (error: InvalidInput) => {
      assert.deepEqual(
        error.problems.map(({ code, where }) => [code, where]),
        [
          ['drive_too_big', 'machines[0].drives[1].size'],
          ['unknown_field', 'machines[0].drives[1].colour'],
        ],
      )
      return true
    },
  )
})

test('a body without a name gets one from its title, and one in full needs no base', () => {
  const machines = [{ name: 'web', drives: [{ source: 'debian-stable', mount: '/' }] }]
  const of = (body: object) => parsePlaygroundBody({ machines, ...body }, { images, bases })
  assert.deepEqual([of({ title: 'Größe 🚀 & more' }).name, of({ title: '🚀🚀🚀🚀🚀' }).name], ['grosse-more', 'playground'])
  assert.equal(of({ title: 'Anything' }).base, 'flexbox')
  const elsewhere = of({ title: 'Anything', base: 'debina' })
  assert.deepEqual([elsewhere.base, elsewhere.warnings.map(({ code }) => code)], ['flexbox', ['unknown_base']])
})

test('unknown fields of a body are kept by their place in the manifest, and refused when it is strict', () => {
  const body = { name: 'a', base: 'debian', tabs: [{ machine: 'debian', enabled: true }] }
  const { unknownFields, warnings } = parsePlaygroundBody(body, { images, bases })
  assert.deepEqual(unknownFields, [{ path: ['playground', 'tabs', 0, 'enabled'], value: true }])
  assert.deepEqual(
    warnings.map(({ where }) => where),
    ['tabs[0].enabled'],
  )
  assert.throws(() => parsePlaygroundBody({ ...body, strict: true }, { images, bases }), { code: 'unknown_field' })
})

test('a missing base in a body is told by its path', () => {
  assert.throws(() => parsePlaygroundBody({ name: 'a', title: 'Nothing' }, { bases }), { code: 'missing_field', where: 'base' })
  const hostile = { name: 'mine', base: 'debian', title: 'Clear \x1b[2J me' }
  assert.throws(() => parsePlaygroundBody(hostile, { bases }), { code: 'invalid_value', where: 'title' })
  for (const body of [null, 7, 'x', [], undefined]) assert.throws(() => parsePlaygroundBody(body, { bases }), InvalidInput)
})

test('whatever body comes, it is parsed or refused as InvalidInput', () => {
  const names = [
    'name',
    'base',
    'machines',
    'drives',
    'networks',
    'network',
    'interfaces',
    'address',
    'subnet',
    'size',
    'tabs',
    'initTasks',
    'needs',
    'users',
    'kernel',
    'accessControl',
    '__proto__',
    'constructor',
    'resources',
    'ramSize',
  ]
  const key = fc.oneof(fc.constantFrom(...names), fc.string({ maxLength: 5 }))
  const leaf = fc.oneof(
    fc.constantFrom<unknown>(null, '', 0, 'a', 'debian', '10.0.0.0/24', '10.0.0.1', '5GiB', '/', true, -1, 1e300),
    fc.string(),
  )
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'medium', withCrossShrink: true },
      leaf,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(key, tie('value'), { maxKeys: 6 }),
    ),
  }))
  const check = (body: unknown) => {
    try {
      parsePlaygroundBody(body, { images, bases })
    } catch (error) {
      assert.ok(error instanceof InvalidInput, String(error))
      assert.ok(error.problems.length > 0)
    }
  }
  fc.assert(fc.property(value, check), { numRuns: 1000 })
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom('networks', 'machines', 'tabs', 'initTasks'), value), (body) =>
      check({ name: 'a', base: 'flexbox', ...body }),
    ),
    { numRuns: 1000 },
  )
})

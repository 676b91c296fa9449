import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InvalidInput } from '../errors/error.ts'
import { manifestSpecSchema } from '../manifest/manifest.ts'
import { resolveConditions } from './init-conditions.ts'
import { makeRunPlan } from './make-run-plan.ts'

const spec = (values: object[], initTasks = {}) =>
  manifestSpecSchema.parse({ machines: [{ name: 'a' }], initConditions: { values }, initTasks })
const matches = (pattern: string, text: string) => new RegExp(pattern).test(text)
const resolve = (values: object[], asked = {}) => resolveConditions(spec(values), asked, matches)
const faults = (values: object[], asked = {}) => {
  try {
    resolve(values, asked)
  } catch (error) {
    assert.ok(error instanceof InvalidInput)
    return error.problems.map(({ code, where }) => `${code} ${where}`)
  }
  return []
}

const cni = { key: 'cni', default: 'flannel', options: ['flannel', 'cilium'] }

test('a condition has what was asked for, else its default, else nothing if it may', () => {
  assert.deepEqual(resolve([cni, { key: 'note', nullable: true }]), { cni: 'flannel' })
  assert.deepEqual(resolve([cni, { key: 'note', nullable: true }], { cni: 'cilium', note: '' }), { cni: 'cilium', note: '' })
})

test('each value that is unknown, missing or not allowed is told at once', () => {
  const values = [cni, { key: 'must' }, { key: 'port', default: '80', validationRegex: '^\\d+$' }]
  assert.deepEqual(faults(values, { cni: 'calico', port: 'http', cnii: 'x', toString: 'x' }), [
    'unknown_condition initConditions.cnii',
    'unknown_condition initConditions.toString',
    'invalid_condition initConditions.cni',
    'missing_condition initConditions.must',
    'invalid_condition initConditions.port',
  ])
  assert.deepEqual(
    faults([
      { key: '__proto__', nullable: true },
      { key: 'constructor', nullable: true },
    ]),
    [],
  )
})

test('tasks whose conditions do not hold are not there, and what needed them waits for what they needed', () => {
  const task = (needs: string[], conditions: object[] = []) => ({ machine: 'a', run: 'true', needs, conditions })
  const tasks = {
    first: task([]),
    flannel: task(['first'], [{ key: 'cni', value: 'flannel' }]),
    cilium: task(['first'], [{ key: 'cni', value: 'cilium' }]),
    check: task(['cilium'], [{ key: 'cni', value: 'cilium' }]),
    verify: { ...task(['first']), init: false },
    load: { ...task(['verify']), helper: true },
    finally: { ...task(['verify', 'load', 'cilium']), init: false },
    last: task(['flannel', 'check', 'verify']),
  }
  const planned = (values: Record<string, string>) =>
    makeRunPlan(spec([cni], tasks), values)
      .tasks?.filter(({ kind }) => kind === undefined)
      .map(({ name, needs }) => `${name}: ${needs}`)
  assert.deepEqual(planned({ cni: 'flannel' }), ['first: ', 'flannel: first', 'last: flannel,first'])
  assert.deepEqual(planned({ cni: 'cilium' }), ['first: ', 'cilium: first', 'check: cilium', 'last: first,check'])
  assert.deepEqual(planned({}), ['first: ', 'last: first'])
  const repeated = makeRunPlan(spec([cni], tasks), {}).tasks?.filter(({ kind }) => kind !== undefined)
  assert.deepEqual(
    repeated?.map(({ name, kind, needs }) => `${kind} ${name}: ${needs}`),
    ['regular verify: first', 'helper load: verify', 'regular finally: verify,first'],
    'nobody waits for a helper',
  )
})

test('a plan remembers the values it was made with', () => {
  assert.deepEqual(makeRunPlan(spec([cni]), { cni: 'cilium' }).initConditions, { cni: 'cilium' })
  assert.equal('initConditions' in makeRunPlan(spec([])), false)
})

import assert from 'node:assert/strict'
import { snapshot, test } from 'node:test'
import { samplePlan } from '../testing/sample-plan.ts'
import { hostRuleset } from './host-rules.ts'
import { namespaceRuleset } from './namespace-rules.ts'

snapshot.setDefaultSnapshotSerializers([(value) => String(value)])
const pool = '198.18.0.0/15'

test("the host's rules of a run", (t) => {
  t.assert.snapshot(hostRuleset(samplePlan, pool).file)
})

test("the rules inside a run's namespace", (t) => {
  t.assert.snapshot(namespaceRuleset(samplePlan, pool).file)
})

test('a run without machines or networks has valid, closed rules', (t) => {
  t.assert.snapshot(namespaceRuleset({ ...samplePlan, machines: [], networks: [] }, pool).file)
})

test('the marker changes with the rules', () => {
  const markers = (lease: string) => hostRuleset({ ...samplePlan, lease }, pool).tables.map(({ marker }) => marker)
  assert.notDeepEqual(markers(samplePlan.lease), markers('198.18.0.32/28'))
})

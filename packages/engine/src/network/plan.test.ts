import assert from 'node:assert/strict'
import { test } from 'node:test'
import { samplePlan } from '../testing/sample-plan.ts'
import { planNetwork } from './plan.ts'

test('machines get the leased addresses after those of the veth pair, in order', () => {
  assert.deepEqual(
    samplePlan.machines.map((machine) => machine.hostAddress),
    ['198.18.0.18', '198.18.0.19', '198.18.0.20'],
  )
})

test('MACs are locally administered, unicast, all different, and the same in a clone', () => {
  const macs = samplePlan.machines.flatMap((machine) => machine.interfaces.map((item) => item.mac))
  assert.deepEqual(macs, ['52:52:00:00:00:00', '52:52:00:00:01:00', '52:52:00:00:01:01', '52:52:00:00:02:00'])
  for (const mac of macs) assert.equal(Number.parseInt(mac, 16) & 3, 2)
})

test('interfaces on private networks have no gateway', () => {
  assert.deepEqual(
    samplePlan.machines.map((machine) => machine.interfaces.map((item) => item.gateway)),
    [['172.16.0.1'], [undefined, '172.16.0.1'], [undefined]],
  )
})

test('every name on the host and in the namespace fits into IFNAMSIZ', () => {
  const longest = planNetwork('r1a2b-zzzzzzz', '198.19.255.240/28', { networks: [], machines: [] })
  const names = [longest.name, ...samplePlan.machines.flatMap((machine) => machine.interfaces.map((item) => item.tap))]
  for (const name of names) assert.ok(name.length <= 15, name)
})

test('a name that is not one of ours is refused before it reaches a command line', () => {
  for (const name of ['up', 'eth0', 'r1a2b-', 'r1a2b-3c; drop', '../r1a2b-3c', 'r1a2b-12345678'])
    assert.throws(() => planNetwork(name, '198.18.0.0/28', { networks: [], machines: [] }), /not the name/)
})

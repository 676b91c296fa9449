import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRunPlan } from './run-plan.ts'

const machine = {
  name: 'web',
  users: [{ name: 'root', default: true }],
  cpuCount: 1,
  ramMiB: 512,
  noSSH: false,
  drives: [{ source: 'debian-stable', mount: '/', filesystem: 'ext4', sizeBytes: 1024, readOnly: false }],
  interfaces: [{ network: 'lan', mac: '52:52:00:00:00:00', address: '10.0.0.2', prefixLength: 24, gateway: '10.0.0.1' }],
  startupFiles: [],
}
const networks = [{ name: 'lan', subnet: '10.0.0.0/24', gateway: '10.0.0.1', private: false }]

test('a plan that was kept before plans had versions is one of the first version', () => {
  const found = parseRunPlan(JSON.stringify({ machines: [machine], networks }))
  assert.ok('plan' in found)
  assert.equal(found.plan.version, 1)
  assert.deepEqual(found.plan.machines, [machine])
})

test('a plan of a version that is not known, no JSON and a wrong field are told as sentences, not thrown', () => {
  const why = (text: string) => {
    const found = parseRunPlan(text)
    return 'unreadable' in found ? found.unreadable : 'readable'
  }
  assert.match(why('{'), /no JSON/)
  assert.match(why(JSON.stringify({ version: 2, machines: [machine], networks })), /version/)
  assert.match(why(JSON.stringify({ machines: [{ ...machine, ramMiB: '512' }], networks })), /machines\.0\.ramMiB/)
  assert.match(why(JSON.stringify({ machines: [], networks })), /machines/)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { storedSpecSchema } from '../manifest/stored-spec.ts'
import { plainSpec, wireSpec } from './wire-spec.ts'

test('a spec is answered as other clients read it, and is read back as it was', () => {
  const spec = storedSpecSchema.parse({
    machines: [{ name: 'web', kernel: '6.1', noSSH: true }, { name: 'db' }],
    initTasks: { seed: { machine: 'web', run: 'true', timeout_seconds: 90 } },
  })
  const answered = wireSpec(spec)
  assert.deepEqual(answered.machines[0]?.kernel, { source: '6.1' })
  assert.deepEqual([answered.machines[0]?.noSSH, answered.machines[0]?.noSsh], [true, true])
  assert.deepEqual([answered.machines[1]?.kernel, answered.machines[1]?.noSsh], [undefined, undefined])
  const { name, timeoutSeconds, timeout_seconds } = answered.initTasks?.seed ?? {}
  assert.deepEqual([name, timeoutSeconds, timeout_seconds], ['seed', 90, 90])
  const { machines, initTasks } = plainSpec(answered)
  assert.deepEqual(
    JSON.parse(JSON.stringify({ machines, initTasks })),
    JSON.parse(JSON.stringify({ machines: spec.machines, initTasks: spec.initTasks })),
  )
})

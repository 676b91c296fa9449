import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HostMachines } from '@ramet/engine'
import { machineUnreachable } from '@ramet/model/errors/errors.ts'
import { planWithDrives } from '../testing/plan-with-drives.ts'
import { StubProcess } from '../testing/stub-services.ts'
import { machineService } from './machine-service.ts'
import type { PermittedRun } from './permitted-run.ts'

const ann = { id: 'a', name: 'ann' }
const permitted = (async () => ({ state: 'RUNNING', wanted: 'RUNNING', plan: planWithDrives([1]) })) as unknown as PermittedRun

test('a command that comes before the server has found its machines again waits for that', async () => {
  const found = Promise.withResolvers<void>()
  let isFound = false
  const host = {
    exec: async () => {
      if (!isFound) throw machineUnreachable('m', 'it is off.')
      return new StubProcess()
    },
  } as unknown as HostMachines
  const machines = machineService({ permitted, host, looked: () => found.promise })
  const command = machines.exec(ann, 'run', 'm', 'true', {})
  let isOver = false
  command.then(
    () => {
      isOver = true
    },
    () => {
      isOver = true
    },
  )
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(isOver, false)
  isFound = true
  found.resolve()
  assert.ok(await command)
})

test('it waits for some time at most', async () => {
  const host = { exec: async () => Promise.reject(machineUnreachable('m', 'it is off.')) } as unknown as HostMachines
  const machines = machineService({ permitted, host, looked: () => new Promise(() => {}), lookWithinMs: 5 })
  await assert.rejects(machines.exec(ann, 'run', 'm', 'true', {}), { code: 'machine_unreachable' })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KyselyPlugin } from 'kysely'
import { noteMachine } from '../runs/machine.ts'
import { findMachine, readyCondition } from '../store/run-machines.ts'
import { TestHome } from '../testing/test-home.ts'
import { MachineWatch } from './machine-watch.ts'

/** Fails each query until `isFull` is false, with the error of a database whose disk is full. */
class FullDisk implements KyselyPlugin {
  isFull = true
  refused = 0

  transformQuery({ node }: Parameters<KyselyPlugin['transformQuery']>[0]) {
    if (!this.isFull) return node
    this.refused += 1
    throw Object.assign(new Error('database or disk is full'), { code: 'ERR_SQLITE_ERROR', errcode: 13 })
  }

  async transformResult({ result }: Parameters<KyselyPlugin['transformResult']>[0]) {
    return result
  }
}

test('what happened to a machine is noted once the disk that was full has space again', { timeout: 20_000 }, async ({
  signal,
}) => {
  await using home = await TestHome.make()
  const id = await home.addRun('RUNNING', [])
  const disk = new FullDisk()
  const changed = Promise.withResolvers<void>()
  const watch = new MachineWatch(id, home.db.withPlugin(disk), changed.resolve)
  await noteMachine(home.db, id, 'm', { state: 'RUNNING', isReady: true })
  const noted = watch.note({ kind: 'space', runId: id, machine: 'm', waits: true })
  while (disk.refused < 2 && !signal.aborted) await new Promise(setImmediate)
  disk.isFull = false
  await noted
  await changed.promise
  const machine = await findMachine(home.db, id, 'm')
  assert.match((machine && readyCondition(machine)?.message) ?? '', /space on the host/)
})

test('a note that waits for space ends with its run', { timeout: 20_000 }, async () => {
  await using home = await TestHome.make()
  const id = await home.addRun('RUNNING', [])
  const watch = new MachineWatch(id, home.db.withPlugin(new FullDisk()), () => assert.fail('nothing was written'))
  const noted = watch.note({ kind: 'space', runId: id, machine: 'm', waits: true })
  watch.close()
  await noted
})

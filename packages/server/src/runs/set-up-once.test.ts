import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import { insertClones } from '../clone-save/clone-rows.ts'
import { insertSaved } from '../clone-save/save-rows.ts'
import { runStore } from '../reconcile/run-store.ts'
import { transaction } from '../store/database.ts'
import { openInstallation } from '../store/installation.ts'
import { readRun } from '../store/runs.ts'
import { TestHome } from '../testing/test-home.ts'
import { insertSavedDrives } from './saved-drives.ts'

const memory = { totalBytes: Number.MAX_SAFE_INTEGER, bytesOf: () => 0 }

async function pastOf(home: TestHome, runId: string) {
  return (await home.drives(runId)).map(({ set_up, grown_bytes, size_bytes }) => [set_up, grown_bytes / size_bytes])
}

test('what the first boot of a lineage did is remembered in clones and saved playgrounds, and a run may ask for it once more', async () => {
  await using home = await TestHome.make()
  // Beyond the numbers that the home gives out itself.
  await openInstallation(home.db)
  await home.db.updateTable('installation').set({ next_short_id: 1000 }).execute()
  await home.addLayer('base')
  const id = await home.addRun('STOPPED', ['base'])
  const other = await home.addRun('STOPPED', ['base'])
  assert.deepEqual(await pastOf(home, id), [['due', 0]])
  await runStore(home.tools, id).saveSetUp('m', 'begun')
  assert.deepEqual(await pastOf(home, id), [['begun', 0]])
  await runStore(home.tools, id).saveSetUp('m', 'done')
  assert.deepEqual(await pastOf(home, id), [['done', 1]])
  assert.deepEqual(await pastOf(home, other), [['due', 0]], 'a run of the same layer has a lineage of its own')

  const run = await readRun(home.db, id)
  const request = { count: 1, title: undefined, start: false, live: false }
  const [clone = ''] = await transaction(home.db, (trx) => insertClones(trx, run, request, memory))
  assert.deepEqual(await pastOf(home, clone), [['done', 1]])
  assert.equal((await runStore(home.tools, clone).read()).drives[0]?.setUp, 'done')

  const saved = await transaction(home.db, (trx) => insertSaved(trx, run, { name: 'saved' }))
  const playOf = async (plan: RunPlan) => {
    const made = await home.addRun('STOPPED', [])
    await transaction(home.db, (trx) => insertSavedDrives(trx, made, saved.id, plan))
    return pastOf(home, made)
  }
  assert.deepEqual(await playOf(run.plan), [['done', 1]])
  assert.deepEqual(await playOf({ ...run.plan, rerunInit: 'again' }), [['due', 1]])
  const [machine] = run.plan.machines
  assert.ok(machine)
  const larger = { ...machine, drives: machine.drives.map((drive) => ({ ...drive, sizeBytes: drive.sizeBytes * 2 })) }
  assert.deepEqual(await playOf({ ...run.plan, machines: [larger] }), [['done', 0.5]], 'a larger drive is grown once more')
})

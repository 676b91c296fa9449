import assert from 'node:assert/strict'
import { test } from 'node:test'
import { taskStatus } from '@ramet/model/run/task-state.ts'
import { insertRun } from '../runs/new-run.ts'
import { planWithDrives } from '../testing/plan-with-drives.ts'
import { type Db, now, openDatabase } from './database.ts'
import { openInstallation } from './installation.ts'
import { insertPlayground } from './playgrounds.ts'
import { changeTask, copyTasks, endRunningTasks, listTasks, saveTasks, takeSavedTasks } from './tasks.ts'

const { created, running, failed, completed } = taskStatus

async function withRun(body: (db: Db, newRun: () => Promise<string>) => Promise<void>): Promise<void> {
  const db = await openDatabase({ file: ':memory:' })
  await openInstallation(db)
  const at = now()
  await db.insertInto('users').values({ id: 'u', name: 'u', created_at: at }).execute()
  const texts = { title: 'p', description: '', categories: '[]', markdown: null, cover: null, spec: '{}' }
  await insertPlayground(db, {
    ...texts,
    id: 'p',
    name: 'p',
    owner_id: 'u',
    base: 'p',
    created_at: at,
    updated_at: at,
    removed_at: null,
  })
  const tasks = ['done', 'broke', 'runs', 'waits'].map((name) => ({ name, machine: 'm', user: 'root', run: 'true', needs: [] }))
  const plan = { ...planWithDrives([]), tasks: tasks.map((task) => ({ ...task, timeoutSeconds: 1 })) }
  const values = { owner_id: 'u', playground_id: 'p', playground_name: 'p', playground_title: 'p', plan }
  const memory = { totalBytes: 1, bytesOf: () => 1 }
  await body(db, () => insertRun(db, { ...values, title: undefined, clonedFrom: null, start: false, memory }))
  await db.destroy()
}

async function inEveryStatus(db: Db, run: string): Promise<void> {
  await changeTask(db, run, 'done', [created], { status: completed, exit_code: 0, stdout: 'ok', boot: 'b' })
  await changeTask(db, run, 'broke', [created], { status: failed, reason: 'too slow' })
  await changeTask(db, run, 'runs', [created], { status: running, boot: 'b' })
}

const statuses = async (db: Db, run: string) => (await listTasks(db, run)).map(({ status }) => status)

test('a copy has the tasks that are over, and begins the others anew', () =>
  withRun(async (db, newRun) => {
    const [source, clone, saved] = [await newRun(), await newRun(), await newRun()]
    await inEveryStatus(db, source)
    await copyTasks(db, source, clone)
    await saveTasks(db, source, 'p')
    await takeSavedTasks(db, 'p', saved)
    for (const copy of [clone, saved]) {
      assert.deepEqual(await statuses(db, copy), [completed, failed, created, created])
      const [done, broke] = await listTasks(db, copy)
      assert.deepEqual([done?.stdout, done?.exit_code, broke?.reason], ['ok', 0, 'too slow'])
    }
    assert.deepEqual(await statuses(db, source), [completed, failed, running, created])
  }))

test('a task that is over stays as it is, and each change is a new version', () =>
  withRun(async (db, newRun) => {
    const run = await newRun()
    await inEveryStatus(db, run)
    await endRunningTasks(db, run, ['done', 'runs', 'waits'], 'off')
    assert.deepEqual(await statuses(db, run), [completed, failed, failed, created])
    const versions = (await listTasks(db, run)).map(({ version }) => version)
    assert.deepEqual(versions, [2, 2, 3, 1])
  }))

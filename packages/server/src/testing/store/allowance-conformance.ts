import assert from 'node:assert/strict'
import type { Allowances } from '@ramet/model/access/allowances.ts'
import { groupService } from '../../access/group-service.ts'
import type { MemoryRule } from '../../admission/admission.ts'
import { usedAllowances } from '../../admission/allowances.ts'
import { insertRun } from '../../runs/new-run.ts'
import { transition } from '../../runs/run.ts'
import { setGroupAllowances, setUserAllowances } from '../../store/allowances.ts'
import { type Db, transaction } from '../../store/database.ts'
import { openInstallation } from '../../store/installation.ts'
import { readRun } from '../../store/runs.ts'
import { insertUser, openOwner, type User, userOf } from '../../store/users.ts'
import type { MakeStore } from './fresh-store.ts'
import { addPlayground, race, requestOf, testsOf } from './store-world.ts'

const gib = 1024 ** 3
const memory: MemoryRule = { totalBytes: 1000 * gib, bytesOf: () => gib }

/** Limits of people and groups, on every store. */
export function allowanceConformance(kind: string, make: MakeStore): void {
  const it = testsOf(kind, make)

  const ann = async (db: Db): Promise<{ user: User; start: (db: Db) => Promise<string> }> => {
    await openInstallation(db)
    const user = userOf(await insertUser(db, 'ann', 'member'))
    const playground = await addPlayground(db, user, 'p')
    const start = (handle: Db) =>
      transaction(handle, (trx) => insertRun(trx, { ...requestOf(user, playground), start: true, memory }))
    return { user, start }
  }

  const within: readonly [string, Allowances][] = [
    ['running', { running: 3 }],
    ['memory', { memory: 3 * gib }],
    ['starts', { starts: 3 }],
  ]
  for (const [name, allowances] of within) {
    it(`of eight starts at once as many go on as ${name} allows`, async (db, open) => {
      const { user, start } = await ann(db)
      await setUserAllowances(db, user.id, allowances)
      const outcomes = await race(open, 1, start)
      for (const outcome of outcomes) if (outcome.status === 'rejected') assert.equal(outcome.reason.code, 'limit_reached')
      assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 3)
    })
  }

  it('what a group allows holds for who is in it, and no longer', async (db) => {
    const { user, start } = await ann(db)
    const admin = await openOwner(db)
    const groups = groupService(db)
    const { id } = await groups.create(admin, { name: 'class' })
    await setGroupAllowances(db, id, { running: 0, lifetime: 90 })
    await groups.addMembers(admin, 'class', ['ann'])
    await assert.rejects(start(db), { code: 'limit_reached', message: /1 \(runs that are on\).*0/ })
    await setUserAllowances(db, user.id, { running: 1 })
    const run = await start(db)
    assert.equal((await readRun(db, run)).max_play_minutes, 90, 'a run without an end has the end that is allowed')
    await assert.rejects(transition(db, run, { action: 'set_lifetime', lifetime: { minutes: 91 } }), { code: 'limit_reached' })
    await transition(db, run, { action: 'set_lifetime', lifetime: { minutes: null } })
    assert.equal((await readRun(db, run)).max_play_minutes, 90)
    assert.deepEqual(await usedAllowances(db, memory, user.id, 5), [
      { name: 'running', most: 1, used: 1 },
      { name: 'lifetime', most: 90 },
    ])
    await groups.remove(admin, 'class')
    await transition(db, run, { action: 'set_lifetime', lifetime: { minutes: 91 } })
    await transition(db, run, { action: 'stop' })
  })
}

import assert from 'node:assert/strict'
import { sharedWith } from '@ramet/model/access/sharing.ts'
import { groupService } from '../../access/group-service.ts'
import { permittedPlayground } from '../../access/membership.ts'
import { listsToKeep, wordsToShow } from '../../playgrounds/access-words.ts'
import type { Db } from '../../store/database.ts'
import { updatePlayground } from '../../store/playgrounds.ts'
import { insertUser, markUserRemoved, openOwner, type User, userOf } from '../../store/users.ts'
import type { MakeStore } from './fresh-store.ts'
import { addPlayground, handles, race, testsOf } from './store-world.ts'

const person = async (db: Db, name: string): Promise<User> => userOf(await insertUser(db, name, 'member'))

/** What rows of groups must do, on every store. */
export function groupConformance(kind: string, make: MakeStore): void {
  const it = testsOf(kind, make)

  it('a link lets in as many as it says, however many use it at once, and nobody twice', async (db, open) => {
    const ann = await person(db, 'ann')
    await groupService(db).create(ann, { name: 'class' })
    const people = await Promise.all(Array.from({ length: handles }, (_, at) => person(db, `pupil-${at}`)))
    const { token } = await groupService(db).invite(ann, 'class', { limit: 3 })
    await groupService(db).join(ann, token)
    let next = 0
    const outcomes = await race(open, 1, (handle) => groupService(handle).join(people[next++] as User, token))
    for (const outcome of outcomes) if (outcome.status === 'rejected') assert.equal(outcome.reason.code, 'closed_group_link')
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 3)
    assert.equal((await groupService(db).get(ann, 'class')).memberCount, 4)
  })

  it('whoever is taken out of a group is let in no more, though his session knows of it', async (db) => {
    const [ann, bob] = [await person(db, 'ann'), await person(db, 'bob')]
    await addPlayground(db, ann, 'lab')
    const groups = groupService(db)
    const { id } = await groups.create(ann, { name: 'class' })
    await updatePlayground(db, (await permittedPlayground(db, ann, 'playground.read', 'lab')).id, {
      access: JSON.stringify(await listsToKeep(db, ann, sharedWith(['group:class']))),
    })
    const may = () =>
      permittedPlayground(db, bob, 'playground.start', 'lab').then(
        () => true,
        () => false,
      )
    assert.equal(await may(), false)
    await groups.join(bob, (await groups.invite(ann, 'class', {})).token)
    assert.equal(await may(), true)
    await groups.removeMember(ann, 'class', 'bob')
    assert.equal(await may(), false)
    await groups.join(bob, (await groups.invite(ann, 'class', {})).token)
    await groups.remove(ann, 'class')
    assert.equal(await may(), false)
    const again = await groups.create(bob, { name: 'class' })
    assert.notEqual(again.id, id)
    assert.equal(await may(), false, 'another group of the same name is another one')
  })

  it('a group is named in lists by who is in it, by its id, and shown by its name', async (db) => {
    const [ann, bob] = [await person(db, 'ann'), await person(db, 'bob')]
    await groupService(db).create(ann, { name: 'class' })
    const asked = sharedWith(['group:class', 'bob', 'nobody-yet'])
    const kept = await listsToKeep(db, ann, asked)
    assert.ok(!kept.canStart.includes('group:class') && kept.canStart.includes(`user:${bob.id}`))
    assert.deepEqual((await wordsToShow(db, [kept]))(kept), asked)
    await assert.rejects(listsToKeep(db, bob, asked), { code: 'unknown_group' })
    assert.deepEqual(await listsToKeep(db, bob, kept, kept), kept, 'what stands there already stays')
    await markUserRemoved(db, bob)
    await groupService(db).remove(ann, 'class')
    assert.deepEqual((await wordsToShow(db, [kept]))(kept).canStart, ['owner', 'user:nobody-yet'])
  })

  it('a link is closed with its time, by its owner, and by the end of who made it', async (db) => {
    const admin = await openOwner(db)
    const [ann, bob] = [await person(db, 'ann'), await person(db, 'bob')]
    const groups = groupService(db)
    await groups.create(ann, { name: 'class' })
    const isClosed = (token: string) => assert.rejects(groups.join(bob, token), { code: 'closed_group_link' })
    await isClosed((await groups.invite(ann, 'class', { days: 0 })).token)
    const { token } = await groups.invite(ann, 'class', {})
    await groups.closeLinks(ann, 'class')
    await isClosed(token)
    const last = await groups.invite(ann, 'class', { limit: 5 })
    assert.deepEqual((await groups.get(admin, 'class')).links, [{ left: 5, expiresAt: last.expiresAt }])
    await db.updateTable('users').set({ disabled_at: 'x' }).where('id', '=', ann.id).execute()
    await isClosed(last.token)
  })
}

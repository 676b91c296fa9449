import assert from 'node:assert/strict'
import { test } from 'node:test'
import { can, ownersFor, type Permission, platform } from './can.ts'

const ann = { id: 'ann' }
const bob = { id: 'bob' }
const ofAnn = { ownerId: 'ann' }

const ofRuns = [
  'run.list',
  'run.read',
  'run.change',
  'run.destroy',
  'run.copy',
  'run.enter',
] as const satisfies readonly Permission[]

for (const permission of ofRuns) {
  test(`${permission}: a run is its owner's alone, and a run of the platform nobody's`, () => {
    assert.equal(can(ann, permission, ofAnn), true)
    assert.equal(can(bob, permission, ofAnn), false)
    assert.equal(can(ann, permission, platform), false)
  })
}

for (const permission of ['playground.list', 'playground.read', 'playground.start'] as const) {
  test(`${permission}: official playgrounds are everybody's, others their owner's`, () => {
    assert.equal(can(bob, permission, platform), true)
    assert.equal(can(ann, permission, ofAnn), true)
    assert.equal(can(bob, permission, ofAnn), false)
  })
}

test('an official playground is changed by nobody, one of her own by its owner', () => {
  assert.equal(can(ann, 'playground.change', platform), false)
  assert.equal(can(ann, 'playground.change', ofAnn), true)
  assert.equal(can(bob, 'playground.change', ofAnn), false)
})

test('a token with scopes may do what they say: to write is also to run, and to run is also to read', () => {
  const may = (scope: string) =>
    (['run.read', 'run.enter', 'run.change', 'run.destroy', 'account.keys'] as const).filter((permission) =>
      can({ ...ann, scopes: [scope] }, permission, ofAnn),
    )
  assert.deepEqual(may('playground:read'), ['run.read'])
  assert.deepEqual(may('playground:run'), ['run.read', 'run.enter', 'run.change'])
  assert.deepEqual(may('playground:write'), ['run.read', 'run.enter', 'run.change', 'run.destroy'])
  assert.deepEqual(may('account:write'), [])
})

test('a co-author reads, starts and changes, and neither removes nor gives away; whom it is offered to looks at it and takes it', () => {
  const subject = { ...ofAnn, coAuthors: ['bob'], offeredTo: 'carol' }
  const all = ['list', 'read', 'start', 'change', 'remove', 'transfer', 'accept'] as const
  const may = (id: string) => all.filter((what) => can({ id }, `playground.${what}`, subject))
  assert.deepEqual(may('ann'), ['list', 'read', 'start', 'change', 'remove', 'transfer'])
  assert.deepEqual(may('bob'), ['list', 'read', 'start', 'change'])
  assert.deepEqual(may('carol'), ['list', 'read', 'accept'])
  assert.deepEqual(may('dave'), [])
})

test('a group is changed by its owner and by admins, left by members, and filled by admins alone', () => {
  const group = { ownerId: 'ann', group: 'g1' }
  const may = (user: Parameters<typeof can>[0]) =>
    (['group.read', 'group.change', 'group.fill', 'group.leave'] as const).filter((permission) => can(user, permission, group))
  assert.deepEqual(may(ann), ['group.read', 'group.change'])
  assert.deepEqual(may(bob), [])
  assert.deepEqual(may({ ...bob, groups: ['g1'] }), ['group.read', 'group.leave'])
  assert.deepEqual(may({ ...bob, isAdmin: true }), ['group.read', 'group.change', 'group.fill'])
  assert.deepEqual(may({ ...bob, groups: ['g1'], scopes: ['account:read'] }), ['group.read'])
})

test('lists are filtered by the same table', () => {
  assert.deepEqual(ownersFor(ann, 'playground.list'), ['ann', null])
  assert.deepEqual(ownersFor(ann, 'run.list'), ['ann'])
})

test('a user whose id is empty is no owner of what belongs to the platform', () => {
  assert.equal(can({ id: '' }, 'run.read', platform), false)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { can } from './can.ts'
import { accessOf, isNamed, namesGroups, namesIn, sharedWith, visibilityOf } from './sharing.ts'

const ann = { id: 'a1', name: 'ann' }
const bob = { id: 'b2', name: 'bob' }

test('a list names people by name and by id, and everybody by either of two words', () => {
  assert.equal(isNamed(['user:bob'], bob), true)
  assert.equal(isNamed(['user:b2'], bob), true)
  assert.equal(isNamed(['user:bo', 'github:bob', 'owner', 'nobody', 'bob'], bob), false)
  assert.equal(isNamed(['github:Octo-Bob'], { ...bob, github: 'octo-bob' }), true)
  for (const word of ['anyone', 'authenticated']) assert.equal(isNamed([word], bob), true)
  assert.equal(isNamed(['user:undefined'], { id: 'x' }), false)
})

test('each of the three lists opens what it says, and nothing opens a change', () => {
  const subject = { ownerId: ann.id, access: { canList: ['anyone'], canRead: ['user:bob'], canStart: ['owner'] } }
  const may = (user: typeof ann) =>
    (['playground.list', 'playground.read', 'playground.start', 'playground.change'] as const).map((what) =>
      can(user, what, subject),
    )
  assert.deepEqual(may(bob), [true, true, false, false])
  assert.deepEqual(may(ann), [true, true, true, true])
  assert.deepEqual(may({ id: 'c3', name: 'carol' }), [true, false, false, false])
})

test('a group is named by its id, and lets in whoever is in it', () => {
  const lists = sharedWith(['group:g1'])
  assert.equal(namesGroups(lists), true)
  assert.equal(namesGroups(sharedWith(['bob'])), false)
  assert.equal(isNamed(lists.canStart, { ...bob, groups: ['g2', 'g1'] }), true)
  for (const groups of [undefined, [], ['g2'], ['group:g1']]) assert.equal(isNamed(lists.canStart, { ...bob, groups }), false)
  assert.equal(isNamed(lists.canStart, { id: 'g1', name: 'g1' }), false)
})

test('a token needs its scope for what is shared too', () => {
  const subject = { ownerId: ann.id, access: sharedWith('everybody') }
  assert.equal(can({ ...bob, scopes: ['playground:read'] }, 'playground.read', subject), true)
  assert.equal(can({ ...bob, scopes: ['playground:read'] }, 'playground.start', subject), false)
})

test('a run is never shared, whatever lists say', () => {
  const subject = { ownerId: ann.id, access: sharedWith('everybody') }
  for (const what of ['run.list', 'run.read', 'run.enter', 'run.change'] as const) assert.equal(can(bob, what, subject), false)
})

test('a manifest’s deprecated form of access is taken', () => {
  assert.deepEqual(accessOf({ access: { mode: 'public', users: [] } }).canStart, ['anyone'])
  assert.deepEqual(accessOf({ access: { mode: 'private', users: ['bob'] } }).canRead, ['owner', 'user:bob'])
  assert.deepEqual(accessOf({}).canList, ['owner'])
})

test('visibility says in a word who may start', () => {
  assert.equal(visibilityOf(sharedWith('everybody')), 'public')
  assert.equal(visibilityOf(sharedWith(['bob'])), 'limited')
  assert.equal(visibilityOf(sharedWith([])), 'private')
  assert.equal(visibilityOf({ canList: ['anyone'], canRead: ['owner'], canStart: ['anyone'] }), 'limited')
  assert.equal(visibilityOf({ canList: ['anyone'], canRead: ['anyone'], canStart: ['student:bob'] }), 'private')
  assert.equal(visibilityOf({ canList: ['anyone'], canRead: ['anyone'], canStart: ['github:bob'] }), 'limited')
  assert.equal(visibilityOf(sharedWith(['group:g1'])), 'limited')
  assert.deepEqual(namesIn(sharedWith(['bob', 'group:g1', 'github:ann'])), ['bob', 'group:g1', 'github:ann'])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LoginLinks, loginLinkMinutes } from './login-links.ts'

const ann = { id: 'a', name: 'ann' }
const bob = { id: 'b', name: 'bob' }

function makeLinks() {
  const clock = { now: new Date('2026-01-01T00:00:00Z') }
  const later = (ms: number) => {
    clock.now = new Date(clock.now.getTime() + ms)
  }
  return { links: new LoginLinks(() => clock.now), later }
}

test('a link logs in whom it was made for, once', () => {
  const { links } = makeLinks()
  const [first, second] = [links.make(ann).token, links.make(bob).token]
  assert.match(first, /^[\w-]{43}$/)
  assert.notEqual(first, second)
  assert.deepEqual(links.take(second), bob)
  assert.equal(links.take(second), undefined)
  assert.deepEqual(links.take(first), ann)
  assert.equal(links.take(first), undefined)
  assert.equal(links.take('never made'), undefined)
})

test('a link works for ten minutes', () => {
  const { links, later } = makeLinks()
  const [used, unused] = [links.make(ann), links.make(ann)]
  later(loginLinkMinutes * 60_000 - 1)
  assert.deepEqual(links.take(used.token), ann)
  later(1)
  assert.equal(links.take(unused.token), undefined)
})

test('nobody has more than ten open links, and nobody closes those of others by asking for many', () => {
  const { links } = makeLinks()
  const bobs = links.make(bob)
  const anns = Array.from({ length: 12 }, () => links.make(ann))
  assert.deepEqual(
    anns.map(({ token }) => links.take(token) !== undefined),
    [false, false, ...Array<boolean>(10).fill(true)],
  )
  assert.deepEqual(links.take(bobs.token), bob)
})

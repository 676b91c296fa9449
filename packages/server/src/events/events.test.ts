import assert from 'node:assert/strict'
import { test } from 'node:test'
import { platform } from '@ramet/model/access/can.ts'
import type { Event } from '@ramet/model/api/events.ts'
import type { Image } from '@ramet/model/api/host.ts'
import type { User } from '../services.ts'
import { EventStream } from './events.ts'

const alice: User = { id: 'a', name: 'alice' }
const bob: User = { id: 'b', name: 'bob' }
const image = (name: string, bytes = 0): Event => ({
  kind: 'image',
  image: { name, kind: 'image', description: '', state: 'building', bytes } satisfies Image,
})
const play = (id: string, title = ''): Event => ({ kind: 'play', play: { id, title } }) as unknown as Event
const told = (event: Event) =>
  event.kind === 'play' ? `${event.play.id}${event.play.title}` : `${event.image.name}${event.image.bytes}`
const turn = () => new Promise((resolve) => setImmediate(resolve))

function listen(stream: EventStream, user: User, lastEventId?: number) {
  const seen: [id: number, what: string][] = []
  return {
    seen,
    what: () => seen.map(([, what]) => what),
    stop: stream.subscribe(user, ({ id, event }) => seen.push([id, told(event)]), lastEventId),
  }
}

test('a burst of one subject is told by its first and its last event, other subjects at once', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const stream = new EventStream({ snapshot: () => [], firstId: 0 })
  const { what } = listen(stream, alice, 0)
  for (const title of ['1', '2', '3']) stream.publish({ ownerId: 'a' }, play('p', title))
  stream.publish(platform, image('i'))
  assert.deepEqual(what(), ['p1', 'i0'])
  t.mock.timers.tick(50)
  assert.deepEqual(what(), ['p1', 'i0', 'p3'])
  t.mock.timers.tick(50)
  stream.publish({ ownerId: 'a' }, play('p', '4'))
  assert.deepEqual(what().at(-1), 'p4')
})

test('runs are seen by their owner alone, images by everybody', () => {
  const stream = new EventStream({ snapshot: () => [], firstId: 0 })
  const [forAlice, forBob] = [listen(stream, alice, 0), listen(stream, bob, 0)]
  stream.publish({ ownerId: 'a' }, play('p'))
  stream.publish(platform, image('i'))
  assert.deepEqual([forAlice.what(), forBob.what()], [['p', 'i0'], ['i0']])
})

test('who was away gets the newest of each subject, in order', () => {
  const stream = new EventStream({ snapshot: () => assert.fail('no picture is needed'), firstId: 10, coalesceMs: 0 })
  stream.publish({ ownerId: 'a' }, play('p'))
  stream.publish({ ownerId: 'a' }, play('q'))
  stream.publish(platform, image('i'))
  assert.deepEqual(listen(stream, alice, 11).seen, [
    [12, 'q'],
    [13, 'i0'],
  ])
  assert.deepEqual(listen(stream, alice, 13).seen, [])
})

for (const [name, lastEventId] of [
  ['from before this start', 9],
  ['from a clock that ran ahead', 99],
  ['whose followers were forgotten', 10],
  ['that is missing', undefined],
] as const) {
  test(`an id ${name} brings a fresh picture`, async () => {
    const stream = new EventStream({ snapshot: ({ id }) => [play(`picture-${id}`)], firstId: 10, capacity: 2 })
    for (const id of ['p', 'q', 'r']) stream.publish({ ownerId: 'a' }, play(id))
    const { seen } = listen(stream, alice, lastEventId)
    await turn()
    assert.deepEqual(seen, [[13, 'picture-a']])
  })
}

test('what happens while the picture is being taken comes after it, and the id of the picture is one to come back with', async () => {
  const picture = Promise.withResolvers<Event[]>()
  const stream = new EventStream({ snapshot: () => picture.promise, firstId: 10 })
  const { seen } = listen(stream, alice)
  stream.publish({ ownerId: 'a' }, play('p', ' changed'))
  picture.resolve([play('p')])
  await turn()
  assert.deepEqual(seen, [
    [10, 'p'],
    [11, 'p changed'],
  ])
})

test('what is passed over since nobody listens brings a picture to whoever comes back', async () => {
  const stream = new EventStream({ snapshot: () => [play('picture')], firstId: 10, coalesceMs: 0 })
  const { stop } = listen(stream, alice, 10)
  assert.equal(stream.hasListeners, true)
  stream.publish({ ownerId: 'a' }, play('p'))
  stop()
  stop()
  assert.equal(stream.hasListeners, false)
  stream.passOver()
  const { seen } = listen(stream, alice, 11)
  await turn()
  assert.deepEqual(seen, [[12, 'picture']])
  assert.equal(stream.hasListeners, true)
})

test('who has left is told nothing, not even the picture', async () => {
  const stream = new EventStream({ snapshot: () => [play('p')], firstId: 10 })
  const { seen, stop } = listen(stream, alice)
  stop()
  stream.publish({ ownerId: 'a' }, play('q'))
  await turn()
  assert.deepEqual(seen, [])
})

test('ids grow over a restart', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 1_800_000_000_000 })
  const lastIdOf = (stream: EventStream) => {
    const ids: number[] = []
    stream.subscribe(bob, ({ id }) => ids.push(id))
    for (let at = 0; at < 100; at += 1) stream.publish(platform, image(`i${at}`))
    return turn().then(() => ids.at(-1) ?? 0)
  }
  const before = await lastIdOf(new EventStream({ snapshot: () => [] }))
  t.mock.timers.tick(1)
  const after: number[] = []
  new EventStream({ snapshot: () => [image('i')] }).subscribe(bob, ({ id }) => after.push(id), before)
  await turn()
  assert.ok((after[0] ?? 0) > before && Number.isSafeInteger(after[0]), `${after[0]} after ${before}`)
})

test('all who come while a picture is taken share the next one, and each is told what happened since', async () => {
  const picture = Promise.withResolvers<Event[]>()
  let taken = 0
  const snapshot = () => {
    taken += 1
    return picture.promise
  }
  const stream = new EventStream({ snapshot, firstId: 10, coalesceMs: 0 })
  const early = listen(stream, alice)
  stream.publish({ ownerId: 'a' }, play('p', ' changed'))
  picture.resolve([play('p'), play('q')])
  const late = Array.from({ length: 20 }, () => listen(stream, alice))
  await turn()
  stream.publish({ ownerId: 'a' }, play('q', ' changed'))
  assert.deepEqual(early.seen, [
    [10, 'p'],
    [10, 'q'],
    [11, 'p changed'],
    [12, 'q changed'],
  ])
  for (const { seen } of late) {
    assert.deepEqual(seen, [
      [11, 'p'],
      [11, 'q'],
      [12, 'q changed'],
    ])
  }
  assert.equal(taken, 2)
  listen(stream, bob)
  assert.equal(taken, 3, 'another user has a picture of his own')
})

test('an event is put into bytes once for all who listen', async () => {
  const stream = new EventStream({ snapshot: () => [image('i')], firstId: 10 })
  const frames: Buffer[][] = [[], []]
  for (const into of frames) stream.subscribe(alice, ({ frame }) => into.push(frame))
  await turn()
  stream.publish({ ownerId: 'a' }, play('p'))
  assert.equal(frames[0]?.length, 2)
  assert.ok(frames[0]?.[1] !== undefined && frames[0][1] === frames[1]?.[1])
  assert.match(String(frames[0]?.[1]), /^id: 11\ndata: \{"kind":"play".*\}\n\n$/)
})

test('more changes during a picture than are remembered bring another picture', async () => {
  const pictures = [Promise.withResolvers<Event[]>(), Promise.withResolvers<Event[]>()]
  let taken = 0
  const snapshot = () => pictures[taken++]?.promise ?? []
  const stream = new EventStream({ snapshot, firstId: 10, capacity: 1, coalesceMs: 0 })
  const { seen } = listen(stream, alice)
  for (const id of ['p', 'q']) stream.publish({ ownerId: 'a' }, play(id))
  pictures[0]?.resolve([])
  await turn()
  pictures[1]?.resolve([play('p'), play('q')])
  await turn()
  assert.deepEqual(seen, [
    [12, 'p'],
    [12, 'q'],
  ])
})

test('who asks for what comes next is shown no picture', async () => {
  const stream = new EventStream({ snapshot: () => assert.fail('a picture was taken'), firstId: 10, coalesceMs: 0 })
  stream.publish({ ownerId: 'a' }, play('p'))
  const seen = await new Promise<number>((resolve) => {
    stream.subscribe(alice, ({ id }) => resolve(id), 'now')
    stream.publish({ ownerId: 'a' }, play('p'))
  })
  assert.equal(seen, 12)
})

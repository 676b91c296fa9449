import assert from 'node:assert/strict'
import test from 'node:test'
import type { Lineage, LineageNode } from '@ramet/model/api/lineage.ts'
import type { Usage } from '@ramet/model/api/usage.ts'
import { lineageLines } from './lineage-lines.ts'
import { id, stubPlay, stubWorld } from './testing/stub-world.ts'

const timeout = 30_000
const cloneIds = ['b', 'c'].map((digit) => digit.repeat(24))
const clones = (state: 'STOPPED' | 'CREATED') =>
  cloneIds.map((clone) => stubPlay(state, { id: clone, title: `My run (${clone[0]})` }))

test('clone prints an id a line, and asks for what was asked of it', { timeout }, async () => {
  await using world = await stubWorld({
    [`GET /api/plays/${id}`]: stubPlay('STOPPED'),
    [`POST /api/plays/${id}/clones`]: clones('STOPPED'),
  })
  const { code, stdout, stderr } = await world.ramet(['p', 'clone', id, '--count', '2', '--title', 'Try', '-q'])
  assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: `${cloneIds.join('\n')}\n`, stderr: '' })
  assert.deepEqual(world.asked.at(-1)?.body, { count: 2, start: false, title: 'Try' })
})

test('clone --start returns when every clone is ready', { timeout }, async () => {
  await using world = await stubWorld({
    [`GET /api/plays/${id}`]: stubPlay('STOPPED'),
    [`POST /api/plays/${id}/clones`]: clones('CREATED'),
    ...Object.fromEntries(cloneIds.map((clone) => [`GET /api/plays/${clone}`, stubPlay('RUNNING', { id: clone })])),
  })
  const { code, stderr } = await world.ramet(['p', 'clone', id, '-n', '2', '--start'])
  assert.equal(code, 0)
  assert.match(stderr, new RegExp(`ramet ssh ${cloneIds[0]}`))
  for (const clone of cloneIds) assert.ok(world.asked.some(({ what }) => what === `GET /api/plays/${clone}`))
})

test('a count that is none is a usage error', { timeout }, async () => {
  await using world = await stubWorld({})
  for (const count of ['0', '101', 'many']) {
    const { code, stderr } = await world.ramet(['p', 'clone', id, '--count', count])
    assert.equal(code, 2)
    assert.match(stderr, /from 1 to 100/)
  }
})

test('save and edit send only what was given; save prints the name', { timeout }, async () => {
  await using world = await stubWorld({
    [`GET /api/plays/${id}`]: stubPlay('STOPPED'),
    [`POST /api/plays/${id}/saves`]: { name: 'mine' },
    'PATCH /api/playgrounds/mine': { name: 'mine' },
  })
  const saved = await world.ramet(['p', 'save', id, 'mine', '--category', 'a', '--category', 'b', '--markdown-file', '-', '-q'], {
    input: '# Hello',
  })
  assert.deepEqual(saved, { ...saved, code: 0, stdout: 'mine\n', stderr: '' })
  assert.deepEqual(world.asked.at(-1)?.body, { name: 'mine', categories: ['a', 'b'], markdown: '# Hello' })
  await world.ramet(['p', 'edit', 'mine', '--title', 'Better'])
  assert.deepEqual(world.asked.at(-1)?.body, { title: 'Better' })
  const nothing = await world.ramet(['p', 'edit', 'mine'])
  assert.match(nothing.stderr, /--title/)
})

test('remove names what goes on', { timeout }, async () => {
  await using world = await stubWorld({
    'DELETE /api/playgrounds/mine': { name: 'mine', runs: [{ id, title: 'My run' }], playgrounds: ['child'] },
  })
  const { stdout, stderr } = await world.ramet(['p', 'remove', 'mine', '-f'])
  assert.equal(stdout, 'mine\n')
  assert.match(stderr, new RegExp(`${id} “My run”\n.*child`))
})

test('usage lists the biggest first, and what may be used', { timeout }, async () => {
  const at = '2026-01-01T00:00:00Z'
  const usage: Usage = {
    runs: [
      { id, title: 'My run', playground: 'debian', state: 'STOPPED', createdAt: at, exclusiveBytes: 1024, sharedBytes: 2048 },
    ],
    playgrounds: [{ name: 'big', title: 'Big one', createdAt: at, exclusiveBytes: 1024 ** 3, sharedBytes: 0 }],
    warmStarts: [],
    totalBytes: 2 * 1024 ** 3,
    imageBytes: 1024 ** 2,
    allowances: [],
    quota: { usedBytes: 1024 ** 3, limitBytes: 100 * 1024 ** 3 },
  }
  await using world = await stubWorld({ 'GET /api/usage': usage })
  const { stdout, stderr } = await world.ramet(['usage'])
  assert.match(stdout, /^KIND .*\nplayground +big +Big one +- +1GiB +0B\nrun +a{24} +My run +STOPPED +1KiB +2KiB\n$/)
  assert.match(stderr, /1GiB of 100GiB/)
  assert.deepEqual(JSON.parse((await world.ramet(['usage', '-o', 'json'])).stdout), usage)
})

test('a lineage is a tree, with what is gone in it and the asked one set off', () => {
  const node = (nodeId: string, parent: string | undefined, more: Partial<LineageNode>): LineageNode => ({
    id: nodeId,
    ...(parent === undefined ? {} : { parent }),
    kind: 'run',
    how: 'started',
    title: `T${nodeId}`,
    isGone: false,
    createdAt: '2026-01-01T00:00:00Z',
    ...more,
  })
  const lineage: Lineage = {
    subject: '2',
    isCut: false,
    nodes: [
      node('0', undefined, { kind: 'playground', how: 'official', name: 'debian' }),
      node('1', '0', { state: 'DESTROYED', isGone: true }),
      node('2', '1', { kind: 'playground', how: 'saved', name: 'mine', title: 'M' }),
      node('3', '2', { state: 'STOPPED' }),
      node('5', '3', { state: 'STOPPED', how: 'cloned' }),
      node('4', '2', { kind: 'playground', how: 'created', name: 'child', isGone: true }),
    ],
  }
  assert.deepEqual(lineageLines(lineage, Date.parse('2026-01-01T02:00:00Z')), [
    'playground debian “T0” (official 2 hours ago)',
    '└─ run 1 “T1” (started 2 hours ago, DESTROYED)',
    { text: '   └─ playground mine “M” (saved 2 hours ago)', style: 'bold' },
    '      ├─ run 3 “T3” (started 2 hours ago, STOPPED)',
    '      │  └─ run 5 “T5” (cloned 2 hours ago, STOPPED)',
    '      └─ playground child “T4” (created 2 hours ago, removed)',
  ])
})

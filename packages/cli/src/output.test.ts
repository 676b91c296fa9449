import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import type { Usage } from '@ramet/model/api/usage.ts'
import type { Play, PlayTaskDetails } from '@ramet/model/api/wire.ts'
import { createOutput } from './output.ts'
import { id, stubPlay, stubWorld } from './testing/stub-world.ts'

const timeout = 60_000

/** What clears the screen, renames the window, goes back over a line, and turns the direction of what follows. */
const hostile = 'a\x1b[2J\x1b]0;owned\x07b\x9b31mc\rd\u202ee\x7f'
const steering = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/
const visible = 'a^[[2J^[]0;owned^Gb\\u009b31mc'

const captured = (isTTY: boolean) => {
  const stream = Object.assign(new PassThrough(), { isTTY, getColorDepth: () => 1 })
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => String(stream.read() ?? '') }
}

test('whatever is printed, in any way, cannot steer the terminal', () => {
  const [stdout, stderr] = [captured(true), captured(true)]
  const out = createOutput(stdout.stream, stderr.stream)
  out.result(hostile, { text: hostile, style: 'bold' })
  out.note(hostile)
  out.table([hostile], [[hostile]])
  for (const format of ['json', 'yaml'] as const) out.data({ [hostile]: hostile }, format)
  out.content(hostile)
  out.problem({ code: hostile, message: hostile, hint: hostile, where: hostile })
  for (const text of [stdout.text(), stderr.text()]) {
    assert.doesNotMatch(text, steering)
    assert.ok(text.includes(visible))
  }
})

test('a log or manifest is made visible in a pipe too, which may end on a terminal, and comes as it is when that is asked for', () => {
  const stdout = captured(false)
  const out = createOutput(stdout.stream, captured(false).stream)
  out.content(hostile)
  assert.doesNotMatch(stdout.text(), steering)
  out.content(hostile, { raw: true })
  assert.equal(stdout.text(), `${hostile}\n`)
})

test('a console log on a terminal has no colours, and shows what else is in it', () => {
  const stdout = captured(true)
  createOutput(stdout.stream).content('\x1b[32m  OK  \x1b[0m Started\r\n\x1b[2J')
  assert.equal(stdout.text(), '  OK   Started\n^[[2J\n')
})

test('no other part of the CLI writes to the terminal by itself, but what joins one to a machine', () => {
  const allowed = ['main.ts', 'output.ts', 'progress.ts']
  const files = globSync('**/*.ts', { cwd: import.meta.dirname, exclude: ['testing/**', '**/*.test.ts'] })
  const writing = files.filter((file) =>
    /\bconsole\.\w+\(|std(?:out|err)\.write\(/.test(readFileSync(`${import.meta.dirname}/${file}`, 'utf8')),
  )
  assert.deepEqual(writing.toSorted(), allowed)
})

const task: PlayTaskDetails = {
  name: hostile,
  init: true,
  helper: false,
  status: 40,
  version: 1,
  machine: hostile,
  needs: [hostile],
  run: hostile,
  user: 'root',
  timeoutSeconds: 1,
  exitCode: 1,
  stdout: `${hostile}\n`,
  stderr: hostile,
  reason: hostile,
}
const plain = stubPlay('RUNNING')
const play: Play = stubPlay('RUNNING', {
  machines: plain.machines.map((machine) => ({ ...machine, resources: { cpuCount: 1, ramSize: hostile } })),
  title: hostile,
  startKind: 'cold',
  startReason: hostile,
  progress: { step: hostile, message: hostile },
  tasks: { [hostile]: { name: hostile, init: true, helper: false, status: 40, version: 1 } },
  initTasksOver: true,
  playground: { name: hostile, title: hostile, owner: '', pageUrl: '' },
  pageUrl: hostile,
})
const failed: Play = {
  ...stubPlay('FAILED', { id: 'b'.repeat(24) }),
  failure: { code: hostile, message: hostile, hint: hostile },
}
const node = { how: 'cloned', title: hostile, isGone: false, createdAt: '2026-01-01T00:00:00Z' } as const
const storage = { exclusiveBytes: 1, sharedBytes: 1, createdAt: '2026-01-01T00:00:00Z' }
const usage: Usage = {
  runs: [{ id, title: hostile, playground: hostile, state: 'STOPPED', ...storage }],
  playgrounds: [{ name: hostile, title: hostile, ...storage }],
  warmStarts: [{ playground: hostile, spares: 1, ...storage }],
  totalBytes: 1,
  imageBytes: 1,
  allowances: [],
  quota: { usedBytes: 1, limitBytes: 1 },
}

/** A server whose every text is hostile. */
const answers = {
  'GET /api/plays': [play],
  'POST /api/plays': play,
  [`GET /api/plays/${id}`]: play,
  [`GET /api/plays/${id}/tasks`]: [task],
  [`POST /api/plays/${id}/clones`]: [stubPlay('CREATED', { id: failed.id })],
  [`GET /api/plays/${failed.id}`]: failed,
  [`GET /api/plays/${id}/lineage`]: { subject: id, isCut: false, nodes: [{ ...node, id, kind: 'run', state: 'STOPPED' }] },
  'GET /api/usage': usage,
  'GET /api/doctor': [{ name: hostile, status: 'fail', message: hostile, hint: hostile }],
  'GET /api/fsck': [{ code: hostile, subject: hostile, message: hostile }],
  'GET /api/playgrounds?filter=all': [{ name: hostile, title: hostile, machines: [], base: hostile, description: hostile }],
  'GET /api/images': [
    { name: hostile, kind: 'image', description: hostile, state: 'failed', bytes: 0, error: { code: hostile, message: hostile } },
  ],
  'POST /api/manifests/check': { problems: [{ code: hostile, message: hostile, hint: hostile, where: hostile }] },
  'DELETE /api/playgrounds/mine': { name: 'mine', runs: [{ id, title: hostile }], playgrounds: [hostile] },
}

const verbs: readonly string[][] = [
  ['p', 'list'],
  ['p', 'list', '-o', 'json'],
  ['p', 'list', '-o', 'yaml'],
  ['p', 'start', 'debian'],
  ['p', 'machines', id],
  ['p', 'tasks', id],
  ['p', 'clone', id, '--start'],
  ['p', 'lineage', id],
  ['p', 'catalog'],
  ['p', 'remove', 'mine', '-f'],
  ['p', 'stop', 'no such'],
  ['image', 'ls'],
  ['manifest', 'check', '-'],
  ['usage'],
  ['doctor'],
  ['fsck'],
]

for (const verb of verbs) {
  test(`ramet ${verb.join(' ')}: what a server sends is printed visibly`, { timeout }, async () => {
    await using world = await stubWorld(answers)
    const { stdout, stderr } = await world.ramet(verb)
    assert.ok((stdout + stderr).includes('owned'), `nothing of it is printed: ${stdout}${stderr}`)
    assert.doesNotMatch(stdout + stderr, steering)
  })
}

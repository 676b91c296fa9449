import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Play } from '@ramet/model/api/wire.ts'
import { createPlayground, debianMachine } from './harness/create-playground.ts'
import { until } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'

/** A run of `debian` needs 512 MiB, and in the fake world nothing besides. */
describe('starts and the memory of the host', { concurrency: false }, () => {
  const server = new TestServer({ fake: true })
  const client = () => server.client()
  const reached = async (id: string, state: Play['state']) =>
    until(`the run to be ${state}`, async () => (await (await client()).plays.get(id)).state === state)
  const running = async () => (await (await client()).plays.list()).filter((play) => play.state !== 'STOPPED')
  let kept: string[] = []

  before(() => server.start({ RAMET_MEMORY: '1GiB' }))
  after(() => server.dispose())

  test('of many starts at once exactly those that fit are let in; the others change nothing', async () => {
    const { plays } = await client()
    const answers = await Promise.allSettled(Array.from({ length: 5 }, () => plays.start({ playground: 'debian' })))
    kept = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value.id] : []))
    assert.equal(kept.length, 2)
    for (const answer of answers) if (answer.status === 'rejected') assert.equal(answer.reason.code, 'not_enough_memory')
    assert.deepEqual((await plays.list()).map((play) => play.id).sort(), kept.toSorted())
    for (const id of kept) await reached(id, 'RUNNING')
  })

  test('the CLI says how much is missing and what to stop', async () => {
    const { code, stderr } = await server.ramet(['playground', 'start', 'debian', '-q'])
    assert.equal(code, 1)
    assert.match(stderr, /needs 512MiB, and of the 1GiB for runs 1GiB are promised to 2 runs/)
    assert.match(stderr, new RegExp(`ramet playground stop ${kept[0]}`))
  })

  test('a stopped run gives its memory back, and is refused when it is taken meanwhile', async () => {
    const { plays } = await client()
    const [first = ''] = kept
    await plays.stop(first)
    await reached(first, 'STOPPED')
    const { id } = await plays.start({ playground: 'debian' })
    await reached(id, 'RUNNING')
    await assert.rejects(plays.restart(first), { code: 'not_enough_memory', status: 409 })
    assert.equal((await plays.get(first)).state, 'STOPPED')
    await plays.stop(id)
    await reached(id, 'STOPPED')
    const both = await Promise.allSettled([plays.restart(first), plays.restart(id)])
    assert.equal(both.filter((answer) => answer.status === 'fulfilled').length, 1)
    assert.equal((await running()).length, 2)
  })

  test('clones that do not all fit are not made at all; stopped ones need nothing', async () => {
    const { plays } = await client()
    const stopped = (await plays.list()).find((play) => play.state === 'STOPPED')
    assert.ok(stopped)
    const before = (await plays.list()).length
    await assert.rejects(plays.clone(stopped.id, { count: 2, start: true }), { code: 'not_enough_memory' })
    assert.equal((await plays.list()).length, before)
    await plays.clone(stopped.id, { count: 2, start: false })
    assert.equal((await plays.list()).length, before + 2)
  })

  test('a machine with more than the host has is scaled down to all of it, and refused beside others', async () => {
    const machines = [debianMachine('big', { resources: { cpuCount: 32, ramSize: '8GiB' } })]
    const name = await createPlayground(server, { name: 'wide', title: 'A wide one', machines })
    const { plays } = await client()
    const before = (await plays.list()).length
    const { code, stderr } = await server.ramet(['playground', 'start', name, '-q'])
    assert.equal(code, 1)
    assert.match(stderr, /needs 1GiB, and of the 1GiB for runs 1GiB are promised to 2 runs/)
    assert.equal((await plays.list()).length, before)
  })

  test('doctor says what is promised', async () => {
    assert.match(await server.ok('doctor'), /Of the 1\sGiB of memory for runs 1\sGiB are promised to 2 of them/)
  })
})

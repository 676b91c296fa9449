import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Play } from '@ramet/model/api/wire.ts'
import type { RametError } from '@ramet/model/errors/error.ts'
import { createPlayground, debianMachine } from './harness/create-playground.ts'
import { until } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'

/** Clone, save, lineage and quota as their users meet them, on the fake world: what is said, refused, remembered and left. */
describe('copies of a run', { concurrency: false }, () => {
  const server = new TestServer({ fake: true })
  let source = ''

  const client = () => server.client()
  const reached = async (id: string, state: Play['state']) => {
    const api = await client()
    return until(`${id} to be ${state}`, async () => {
      const play = await api.plays.get(id)
      return play.state === state && play
    })
  }
  const refused = (work: Promise<unknown>, code: string, hint: RegExp) =>
    assert.rejects(work, (error: RametError) => {
      assert.equal(error.code, code, error.message)
      assert.match(`${error.message} ${error.hint}`, hint)
      return true
    })
  const stopped = async (title: string, playground = 'debian') => {
    const { id } = await (await client()).plays.start({ playground, title })
    await reached(id, 'RUNNING')
    await server.ok('playground', 'stop', id, '-q')
    return id
  }

  before(async () => {
    await server.start()
    source = await stopped('Shop')
  })
  after(() => server.dispose())

  test('published ports and saved forwards follow a run; a clone has them under names of its own, and private', async () => {
    const api = await client()
    const open = await api.ports.expose(source, { number: 80, access: 'public' })
    assert.deepEqual(await api.ports.expose(source, { number: 80, access: 'public', machine: 'debian' }), open)
    const secret = await api.ports.expose(source, { number: 443, tls: true, hostRewrite: 'shop.local', pathRewrite: '/a:/b' })
    const shell = await api.ports.exposeShell(source, { user: 'root', access: 'public' })
    assert.deepEqual(await api.ports.exposeShell(source, { machine: 'debian', access: 'public' }), shell)
    await refused(api.ports.exposeShell(source, { machine: 'none' }), 'unknown_machine', /debian/)
    const forward = { kind: 'local', machine: 'debian', localPort: 8080, remotePort: 80 } as const
    for (const each of [forward, forward, { ...forward, localPort: 9090 }]) await api.ports.saveForward(source, each)
    assert.deepEqual(await api.ports.forwards(source), [forward, { ...forward, localPort: 9090 }])
    await api.ports.removeForward(source, 1)
    await refused(api.ports.removeForward(source, 1), 'not_found', /port-forward/)
    await refused(api.ports.expose(source, { number: 80, machine: 'none' }), 'unknown_machine', /debian/)

    const [clone] = await api.plays.clone(source, {})
    const copied = await api.ports.list(clone?.id ?? '')
    assert.deepEqual(
      copied
        .map(({ number, access, tls, hostRewrite, pathRewrite }) => [number, access, tls, hostRewrite, pathRewrite])
        .toSorted(),
      [
        [443, 'private', true, 'shop.local', '/a:/b'],
        [80, 'private', false, undefined, undefined],
      ].toSorted(),
    )
    const names = new Set([open, secret, ...copied].map(({ hostname }) => hostname))
    assert.equal(names.size, 4)
    assert.deepEqual(await api.ports.forwards(clone?.id ?? ''), [forward])
    const [copy] = await api.ports.shells(clone?.id ?? '')
    assert.deepEqual([copy?.user, copy?.access], ['root', 'private'])
    assert.notEqual(copy?.hostname, shell.hostname)
    await refused(api.ports.remove(source, shell.id), 'not_found', /expose list/)
    await refused(api.ports.removeShell(source, open.id), 'not_found', /expose list/)
    await server.ok('expose', 'remove', source, shell.id)
    assert.deepEqual(await api.ports.shells(source), [])
    await api.ports.remove(source, open.id)
    await refused(api.ports.remove(source, open.id), 'not_found', /expose list/)
    assert.deepEqual(await api.ports.list(source), [secret])
    await server.ok('playground', 'destroy', clone?.id ?? '', '-q')
    await api.ports.remove(source, secret.id)
  })

  test('clones have titles of their own, are stopped runs, and have no file', async () => {
    const lines = (await server.ok('playground', 'clone', source, '--count', '3', '-q')).trim().split('\n')
    assert.equal(lines.length, 3)
    const api = await client()
    const plays = await Promise.all(lines.map((id) => api.plays.get(id)))
    assert.deepEqual(
      plays.map(({ title, state, clonedFrom }) => [title, state, clonedFrom?.id]),
      [
        ['Shop (clone)', 'STOPPED', source],
        ['Shop (clone 2)', 'STOPPED', source],
        ['Shop (clone 3)', 'STOPPED', source],
      ],
    )
    const folders = await readdir(join(server.home, 'runs'))
    for (const id of lines) assert.equal(folders.includes(id), false, 'nothing is made before it starts')
    const { runs } = await api.usage()
    for (const id of lines) assert.equal(runs.find((run) => run.id === id)?.exclusiveBytes, 0)
    for (const id of lines) await server.ok('playground', 'destroy', id, '-q')
  })

  test('an unmodified source is not sealed again, and goes on at once', async () => {
    const layers = async () => (await readdir(join(server.home, 'layers'))).toSorted()
    const [first] = await (await client()).plays.clone(source)
    const before = await layers()
    const [second] = await (await client()).plays.clone(source)
    assert.deepEqual(await layers(), before)
    await server.ok('playground', 'restart', source, '-q')
    await server.ok('playground', 'stop', source, '-q')
    for (const clone of [first, second]) await server.ok('playground', 'destroy', clone?.id ?? '', '-q')
  })

  test('clone --start returns with machines that answer', async () => {
    const [id = ''] = (await server.ok('playground', 'clone', source, '--start', '-q', '--title', 'Trial')).trim().split('\n')
    assert.equal((await (await client()).plays.get(id)).title, 'Trial')
    assert.equal((await server.ok('ssh', id, '--', 'hostname')).trim(), 'debian')
    await refused((await client()).plays.clone(id), 'action_refused', /Stop the run first: ramet playground stop [0-9a-f]{24}/)
    await refused((await client()).plays.save(id, { name: 'running' }), 'action_refused', /ramet playground stop [0-9a-f]{24}/)
    const refusedByCli = await server.ramet(['playground', 'clone', id])
    assert.equal(refusedByCli.code, 1)
    assert.match(refusedByCli.stderr, /action_refused/)
    await server.ok('playground', 'destroy', id, '-q')
  })

  test('a run that has never been up has nothing to copy, and the error says what to do', async () => {
    const api = await client()
    const { id } = await api.plays.start({ playground: 'debian' })
    await api.plays.stop(id)
    await reached(id, 'STOPPED')
    const { status } = await api.plays.get(id)
    assert.equal(
      status.stateEvents.some(({ state }) => state === 'RUNNING'),
      false,
      'it was stopped on its way up',
    )
    await refused(api.plays.clone(id), 'never_up', /ramet playground start debian/)
    await refused(api.plays.save(id, { name: 'never' }), 'never_up', new RegExp(`ramet playground restart ${id}`))
    await server.ok('playground', 'destroy', id, '-q')
  })

  test('counts and names that make no sense are refused, and nothing is made', async () => {
    const api = await client()
    const before = (await api.plays.list()).length
    await refused(api.plays.clone(source, { count: 101 }), 'invalid_input', /at most 100/)
    await refused(api.plays.clone(source, { count: 0 }), 'invalid_input', /at least 1/)
    await refused(api.plays.clone('f'.repeat(24)), 'not_found', /ramet playground list/)
    await refused(api.plays.save(source, { name: 'Not A Name' }), 'invalid_input', /lower-case/)
    await refused(api.plays.save(source, { name: 'short-title', title: 'abc' }), 'invalid_input', /at least 5/)
    assert.equal((await api.plays.list()).length, before)
  })

  test('two clones at once of a run that is being restarted are whole or refused', async () => {
    const api = await client()
    const results = await Promise.allSettled([
      api.plays.clone(source, { count: 2, title: 'Race' }),
      api.plays.restart(source),
      api.plays.clone(source, { count: 2, title: 'Race' }),
    ])
    await reached(source, 'RUNNING')
    const made = results.flatMap((result) => (result.status === 'fulfilled' && Array.isArray(result.value) ? result.value : []))
    const listed = (await api.plays.list()).filter(({ title }) => title.startsWith('Race'))
    assert.equal(listed.length, made.length)
    for (const { id } of listed) await server.ok('playground', 'destroy', id, '-q')
    await server.ok('playground', 'stop', source, '-q')
  })

  test('a saved playground has exactly the name asked for; a taken one is refused with a free one', async () => {
    const saved = await server.ok('playground', 'save', source, 'stall', '--title', 'A whole shop', '--category', 'demo', '-q')
    assert.equal(saved, 'stall\n')
    const again = await server.ramet(['playground', 'save', source, 'stall'])
    assert.equal(again.code, 1)
    assert.match(again.stderr, /name_taken[\s\S]*stall-2 is free/)
    await refused((await client()).plays.save(source, { name: 'debian' }), 'name_taken', /debian-2 is free/)
    const stall = await (await client()).playgrounds.get('stall')
    const play = await (await client()).plays.get(source)
    assert.deepEqual(
      [stall.base, stall.title, stall.categories, stall.savedFrom?.id],
      ['debian', 'A whole shop', ['demo'], source],
    )
    assert.deepEqual(
      stall.machines.map(({ name }) => name),
      play.machines.map(({ name }) => name),
    )
    assert.match(
      await server.ok('playground', 'manifest', 'stall'),
      /^# Saved from the run [0-9a-f]{24}\.[\s\S]*\nkind: playground\nname: stall\nbase: debian/,
    )
  })

  test('what is said of it can be changed, what it is made of cannot', async () => {
    assert.equal(await server.ok('playground', 'edit', 'stall', '--description', 'With wares.', '-q'), 'stall\n')
    const api = await client()
    assert.equal((await api.playgrounds.get('stall')).description, 'With wares.')
    assert.equal((await api.playgrounds.get('stall')).title, 'A whole shop')
    const content = { machines: [] } as unknown as Parameters<typeof api.playgrounds.change>[1]
    await refused(api.playgrounds.change('stall', content), 'invalid_input', /machines/)
    await refused(api.playgrounds.change('debian', { title: 'My Debian' }), 'official_playground', /of your own/)
  })

  test('a run of it starts without any image, and its lineage leads back over what is gone', async () => {
    const api = await client()
    const first = await stopped('From the shop', 'stall')
    await server.ok('playground', 'save', first, 'stall-too', '-q')
    const removed = await server.ramet(['playground', 'remove', 'stall', '-f'])
    assert.equal(removed.stdout, 'stall\n')
    assert.match(removed.stderr, new RegExp(`${first} “From the shop”`))
    assert.match(removed.stderr, /stall-too/)
    await server.ok('playground', 'destroy', first, '-q')
    const last = await stopped('At the end', 'stall-too')
    const [clone] = await api.plays.clone(last)
    const { nodes, subject } = await api.plays.lineage(last)
    assert.equal(subject, last)
    assert.deepEqual(
      nodes.map(({ how, name, title, isGone }) => [how, name ?? title, isGone]),
      [
        ['official', 'debian', false],
        ['started', 'Shop', false],
        ['saved', 'stall', true],
        ['started', 'From the shop', true],
        ['saved', 'stall-too', false],
        ['started', 'At the end', false],
        ['cloned', 'At the end (clone)', false],
      ],
    )
    const tree = await server.ok('playground', 'lineage', 'stall-too')
    assert.match(tree, /playground stall “A whole shop” \(saved .*, removed\)/)
    assert.equal(tree.trim().split('\n').length, 7)
    for (const id of [last, clone?.id ?? '']) await server.ok('playground', 'destroy', id, '-q')
    await server.ok('playground', 'remove', 'stall-too', '-f')
  })

  test('tasks that are done come along with a save, and are done again with --rerun-init', async () => {
    const api = await client()
    const base = await createPlayground(server, {
      name: 'tasks',
      title: 'With a task',
      machines: [debianMachine('one')],
      initTasks: { count: { init: true, machine: 'one', run: 'true' } },
    })
    const first = (await server.ok('playground', 'start', base, '-q')).trim()
    await server.ok('playground', 'stop', first, '-q')
    await server.ok('playground', 'save', first, 'done', '-q')
    const ranAt = async (id: string) => (await api.plays.tasks(id))[0]?.lastRunAt
    const second = (await server.ok('playground', 'start', 'done', '-q')).trim()
    const third = (await server.ok('playground', 'start', 'done', '--rerun-init', '-q')).trim()
    const times = await Promise.all([first, second, third].map(ranAt))
    assert.ok(times[0] !== undefined && times[2] !== undefined)
    assert.equal(times[1], times[0])
    assert.notEqual(times[2], times[0])
    for (const id of [first, second, third]) await server.ok('playground', 'destroy', id, '-q')
    for (const name of [base, 'done']) await server.ok('playground', 'remove', name, '-f')
  })

  test('over the quota clone and save are refused, with numbers and the biggest; stop, restart and destroy are not', async () => {
    await server.restart({ RAMET_QUOTA: '1B' })
    const api = await client()
    await refused(api.plays.clone(source), 'quota_exceeded', new RegExp(`of the 1B.*run ${source} “Shop”`))
    await refused(api.plays.save(source, { name: 'too-much' }), 'quota_exceeded', /ramet usage/)
    await server.ok('playground', 'restart', source, '-q')
    await server.ok('playground', 'stop', source, '-q')
    await server.restart()
    assert.match(await server.ok('usage'), /^KIND +ID OR NAME +TITLE +STATUS +ALONE +SHARED\nrun +[0-9a-f]{24} +Shop +STOPPED/)
  })

  test('in the end fsck finds nothing, and what is destroyed leaves only images', async () => {
    assert.equal((await server.ramet(['fsck'])).stdout.includes(':'), false)
    await server.ok('playground', 'destroy', source, '-q')
    const { totalBytes, imageBytes, runs, playgrounds } = await (await client()).usage()
    assert.deepEqual([runs.length, playgrounds.length, totalBytes], [0, 0, imageBytes])
    assert.equal((await readdir(join(server.home, 'layers'))).length, 1)
  })
})

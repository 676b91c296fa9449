import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { connectAgent } from './harness/connect-agent.ts'
import { until } from './harness/processes.ts'
import { root, TestServer } from './harness/server.ts'

/** Nothing listens there, as at a registry out of reach. */
const away = '127.0.0.1:1'

const manifest = (title: string, source: string, more = '') => `kind: playground
title: ${title}
playground:
  machines:
    - name: one
      drives: [{ source: ${source}, mount: / }]
${more}`

describe('the catalogue of a server', { concurrency: false }, () => {
  const server = new TestServer({ fake: true })
  let team = ''

  const write = async (path: string, text: string) => {
    await mkdir(join(team, path, '..'), { recursive: true })
    await writeFile(join(team, path), text)
  }
  const catalog = (...flags: string[]) => server.ramet(['playground', 'catalog', ...flags])
  const names = async (...flags: string[]) => (await catalog('-q', ...flags)).stdout.split('\n').filter(Boolean)

  before(async () => {
    team = await mkdtemp(join(tmpdir(), 'ramet-team-'))
    await mkdir(server.home, { recursive: true })
    await writeFile(join(server.home, 'images.yaml'), `far: oci://${away}/far:1\n`)
    await write(
      'lab/manifest.yaml',
      manifest('Our own lab', 'debian-stable', '      startupFiles: [{ path: /etc/motd, source: motd }]\n'),
    )
    await write('lab/motd', 'Hello\n')
    await write('typo/manifest.yaml', manifest('Has a typo', 'debian-stabel'))
    await write('slow/manifest.yaml', manifest('Takes long to build', 'costly'))
    await write('far/manifest.yaml', manifest('From far away', 'far'))
    await server.start({ RAMET_CATALOG: team, RAMET_MEMORY: '200GiB' })
  })
  after(async () => {
    await server.dispose()
    await rm(team, { recursive: true, force: true })
  })

  test('a team’s playgrounds are listed beside the official ones, and a broken one is told with its place', async () => {
    const { stdout, stderr } = await catalog()
    assert.match(stdout, /^lab +Our own lab +1 +512MiB /m)
    assert.match(stdout, /^etcd +etcd of five machines +5 /m)
    assert.match(
      stderr,
      /^typo of the team’s folder is broken:\n {2}typo\/manifest\.yaml:6:26: There is no image debian-stabel\. \(unknown_image\)$/m,
    )
    const { playgrounds } = await server.client()
    assert.equal((await playgrounds.get('lab')).team, true)
    assert.equal((await playgrounds.get('debian')).team, undefined)
    assert.equal((await playgrounds.get('lab')).machines[0]?.startupFiles[0]?.content, 'Hello\n')
  })

  test('what needs a registry out of reach is hidden until it is asked for, and says so', async () => {
    assert.ok(!(await names()).includes('far'))
    assert.ok((await names('--all')).includes('far'))
    const { stdout, stderr } = await catalog('--all')
    assert.match(stdout, /^far .*\(needs internet: 127\.0\.0\.1:1\)/m)
    assert.doesNotMatch(stderr, /more need/)
    assert.match((await catalog()).stderr, /^1 more needs internet: 127\.0\.0\.1:1 is out of reach/m)
  })

  test('a playground that is removed from the folder leaves the catalogue, and its run goes on', async () => {
    const id = (await server.ok('playground', 'start', 'lab', '-q')).trim()
    await rm(join(team, 'lab'), { recursive: true })
    await until('it to leave', async () => !(await names()).includes('lab'))
    assert.equal((await server.ramet(['playground', 'start', 'lab'])).code, 1)
    await server.ok('playground', 'stop', id, '-q')
    await server.ok('playground', 'restart', id, '-q')
    assert.equal((await (await server.client()).plays.get(id)).state, 'RUNNING')
    await server.ok('playground', 'destroy', id, '-q')
    await server.inOrder()
  })

  test('a start from an image that no start builds is refused before there is a run, until somebody has built it', async () => {
    const { playgrounds, plays, images } = await server.client()
    const runs = (await plays.list()).length
    const refused = await server.ramet(['playground', 'start', 'slow'])
    assert.deepEqual([refused.code, refused.stdout], [1, ''])
    assert.match(
      refused.stderr,
      /The image costly is not built yet\. It takes half a second\. \(image_not_built\)\n {2}hint: Build it once: ramet image build costly$/m,
    )
    await assert.rejects(plays.start({ playground: 'slow' }), { code: 'image_not_built', status: 409 })
    await using agent = await connectAgent(server, { token: await server.token() })
    await assert.rejects(agent.call('start_play', { playground: 'slow' }), /image_not_built.*ramet image build costly/)
    assert.equal((await plays.list()).length, runs)
    assert.match(await server.ok('image', 'inspect', 'costly'), /^Costs +It takes half a second\.$/m)

    await images.build('costly')
    const id = (await server.ok('playground', 'start', 'slow', '-q')).trim()
    await server.ok('playground', 'stop', id, '-q')
    await server.ok('playground', 'save', id, 'slow-saved', '-q')
    await server.ok('image', 'rm', 'costly')
    await assert.rejects(plays.start({ playground: 'slow' }), { code: 'image_not_built' })
    const saved = (await server.ok('playground', 'start', 'slow-saved', '-q')).trim()
    await server.ok('playground', 'restart', id, '-q')
    for (const each of [id, saved]) await plays.destroy(each)
    await playgrounds.remove('slow-saved')
  })

  test('a start from a folder that is gone from the server is refused as well, with what brings it back', async () => {
    await write('sent/web/Dockerfile', 'FROM scratch\n')
    await write('sent/lab.yaml', manifest('Of a folder', 'build:./web'))
    const name = (await server.ok('playground', 'create', '-f', join(team, 'sent/lab.yaml'), '-q')).trim()
    const { images } = await server.client()
    const image = (await images.list()).find((each) => each.name.startsWith('build:web@'))
    await images.remove(image?.name ?? '')
    const refused = await server.ramet(['playground', 'start', name])
    assert.equal(refused.code, 1)
    assert.match(
      refused.stderr,
      /The image build:web@sha256:.* is not here.*\(image_not_built\)\n {2}hint: .*ramet image build FOLDER/,
    )
    await assert.rejects((await server.client()).plays.start({ playground: name }), { code: 'image_not_built', status: 422 })
  })

  test('every official playground starts, with all of its tasks', async () => {
    const { plays } = await server.client()
    const startsWithItsTasks = async (name: string) => {
      const { id } = await plays.start({ playground: name })
      await until(`${name} to be up with its tasks over`, async () => {
        const play = await plays.get(id)
        assert.notEqual(play.state, 'FAILED', `${name}: ${play.failure?.message}\n${server.output.slice(-4000)}`)
        return play.state === 'RUNNING' && play.initTasksOver
      })
      await plays.destroy(id)
    }
    const names = (await readdir(join(root, 'playgrounds'))).toSorted()
    for (let at = 0; at < names.length; at += 4) await Promise.all(names.slice(at, at + 4).map(startsWithItsTasks))
  })

  test('kubeadm takes the network plug-in that is asked for, and no other', async () => {
    const { plays } = await server.client()
    const { id } = await plays.start({ playground: 'kubeadm', initConditions: { 'network-plugin': 'cilium' } })
    const { tasks } = await plays.get(id)
    assert.deepEqual(
      Object.keys(tasks).filter((name) => name.startsWith('network-')),
      ['network-cilium'],
    )
    await plays.destroy(id)
    const { stderr } = await server.ramet(['playground', 'start', 'kubeadm', '-i', 'network-plugin=weave'])
    assert.match(stderr, /One of: flannel, calico, cilium/)
  })
})

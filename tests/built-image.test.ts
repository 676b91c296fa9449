import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type DockerRegistry, pushImage, startDockerRegistry, tar, testImage } from '@ramet/engine/testing'
import { TestServer } from './harness/server.ts'

/** The way of a folder with a Dockerfile through CLI, API, buildah and the library, with pretend VMs. */
describe('images that are built from a folder', { concurrency: false, skip: process.getuid?.() !== 0 }, () => {
  const server = new TestServer({ fake: true })
  const folder = join(server.home, 'web')
  let registry: DockerRegistry

  before(async () => {
    ;[registry] = await Promise.all([startDockerRegistry(), server.start()])
    const busybox = await readFile('/usr/bin/busybox')
    const links = ['sh', 'cat', 'ls', 'id', 'echo', 'wget', 'chown', 'mkdir'].map((name) => ({
      name: `bin/${name}`,
      type: '2',
      linkName: 'busybox',
    }))
    const layers = [
      [{ name: 'bin/busybox', content: busybox, mode: 0o755 }, ...links],
      [{ name: 'etc/base', content: 'of the base' }],
    ]
    const image = testImage(layers.map(tar), { format: 'docker', config: { Env: ['PATH=/bin', 'BASE=yes'] } })
    await pushImage(registry.endpoint, 'base', 'latest', image)
    await mkdir(join(folder, 'ignored'), { recursive: true })
    await writeFile(join(folder, 'ignored/key'), 'secret')
    await writeFile(join(folder, '.dockerignore'), 'ignored\n')
    await symlink('/etc/shadow', join(folder, 'link'))
  })
  after(async () => {
    await server.dispose()
    await registry?.stop()
  })

  const dockerfile = (...lines: string[]) =>
    writeFile(join(folder, 'Dockerfile'), [`ARG TAG=latest`, `FROM ${registry.host}/base:$TAG AS first`, ...lines, ''].join('\n'))
  const listed = async () =>
    (await (await server.client()).images.list()).filter(({ description }) => description.startsWith('Built from'))

  test('a build that fails is told with its last lines', async () => {
    await dockerfile('RUN echo the reason >&2; exit 3')
    const { code, stderr } = await server.ramet(['image', 'build', folder, '-t', 'our-web', '-q'])
    assert.equal(code, 1)
    assert.match(stderr, /The image our-web could not be built: .*STEP 2\/2: RUN echo the reason.*\sthe reason\s.*exit status 3/s)
    assert.deepEqual(
      (await listed()).map(({ name, state }) => [name, state]),
      [['our-web', 'failed']],
    )
  })

  test('a folder is built on an image of a registry, without a network, and sees nothing of the host', async () => {
    await dockerfile(
      'RUN echo made >/made && chown 5:6 /made',
      'FROM first',
      'COPY --chown=7:8 . /srv',
      'RUN cat /etc/base && id -u | grep -qx 0 && ! wget -T 2 http://127.0.0.1:1 && ls -a /srv >/listed && ! cat /srv/link && [ ! -e /build ]',
      'ENV COLOUR=blue',
      'WORKDIR /srv',
    )
    assert.equal((await server.ok('image', 'build', folder, '-t', 'our-web', '-q')).trim(), 'our-web')
    const inspected = await (await server.client()).images.inspect('our-web')
    assert.deepEqual(
      [inspected.state, inspected.config?.workingFolder, inspected.config?.environment],
      ['ready', '/srv', ['PATH=/bin', 'BASE=yes', 'COLOUR=blue']],
    )
  })

  test('the same content is built once, whoever sends it, and a playground is pinned to it', async () => {
    const before = (await listed()).find((image) => image.name === 'our-web')
    const manifest = join(server.home, 'lab.yaml')
    await writeFile(
      manifest,
      `kind: playground\ntitle: Of a folder\nplayground:\n  machines:\n    - { name: one, drives: [{ source: 'build:./web', mount: /, size: 1GiB }] }\n`,
    )
    const name = (await server.ok('playground', 'create', 'team', '-b', 'flexbox', '-f', manifest, '-q')).trim()
    const client = await server.client()
    assert.match((await client.playgrounds.get(name)).machines[0]?.drives[0]?.source ?? '', /^build:web@sha256:[0-9a-f]{64}$/)
    assert.equal((await listed()).find((image) => image.name === 'our-web')?.builtAt, before?.builtAt)
    await server.ok('playground', 'start', name, '-q')
    await server.restart()
    await server.ok('playground', 'start', name, '-q')
  })

  test('a tag goes to what was built last, and the playground stays with its own', async () => {
    await writeFile(join(folder, 'new'), randomUUID())
    assert.equal((await server.ok('image', 'build', folder, '-t', 'our-web', '-q')).trim(), 'our-web')
    const names = (await listed()).map(({ name }) => name)
    assert.equal(names.filter((name) => name === 'our-web').length, 1)
    assert.ok(
      names.some((name) => name.startsWith('build:web@sha256:')),
      `${names}`,
    )
    const taken = await server.ramet(['image', 'build', folder, '-t', 'debian-stable'])
    assert.match(taken.stderr, /There is an image debian-stable already/)
  })

  test('a folder that only its author has, and an archive that is none, are refused', async () => {
    const client = await server.client()
    const machines = [{ name: 'one', drives: [{ source: 'build:./web', mount: '/' }] }]
    await assert.rejects(client.playgrounds.create({ name: 'x', base: 'flexbox', machines } as never), {
      code: 'folder_not_sent',
    })
    const archive = tar([
      { name: 'Dockerfile', content: 'FROM scratch\n' },
      { name: '../../escaped', content: 'x' },
    ])
    const { name } = await client.images.addFolder(
      { name: 'bad' },
      new Blob([new Uint8Array(archive)], { type: 'application/x-tar' }),
    )
    const { stderr } = await server.ramet(['image', 'build', name])
    assert.match(stderr, /entry 2 \("\.\.\/\.\.\/escaped"\): its path leads out/)
    await server.ramet(['image', 'rm', name])
  })

  test('what is removed is gone with its folder', async () => {
    for (const { name } of await listed()) await server.ramet(['image', 'rm', name])
    assert.deepEqual(await listed(), [])
    assert.deepEqual(await readdir(join(server.home, 'cache/fake/build-contexts')), [])
  })
})

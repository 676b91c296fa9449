import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type DockerRegistry, pushImage, startDockerRegistry, tar, testImage } from '@ramet/engine/testing'
import { anyRoots, imageOf } from './any-roots.ts'
import { inMachine, tellMachine } from './harness/in-machine.ts'
import { TestServer } from './harness/server.ts'

/**
 * Two machines: one whose root is built from a folder beside the manifest, one with a root of a registry in a partition and drives of every kind. The tests build on
 * each other, in order.
 */
describe('a root that is built from a folder, and drives of every kind', { concurrency: false }, () => {
  const server = new TestServer()
  let registry: DockerRegistry
  let id = ''
  let copy = ''
  let saved = ''
  let built = ''
  const names = ['base', 'data', 'part'] as const
  const reference = (name: string) => `oci://${registry.host}/${name}:latest`
  const folder = join(server.home, 'team')
  const manifestFile = join(folder, 'lab.yaml')
  const sh = async (run: string, machine: string, command: string): Promise<string> => {
    const { code, stdout, stderr } = await tellMachine(server, run, machine, command, { user: 'root', timeoutMs: 60_000 })
    assert.equal(code, 0, `${machine}: ${command}: ${stderr}${stdout}`)
    return stdout.trim()
  }
  const manifest = () => `kind: playground
title: Of a folder
playground:
  machines:
    - name: web
      users: [{ name: laborant, default: true }]
      drives: [{ source: 'build:./web', mount: /, size: 1GiB }]
      resources: { ramSize: 256MiB }
    - name: part
      drives:
        - { source: '${reference('part')}', mount: /, size: 1GiB, partitioned: gpt }
        - { size: 400MiB, mount: /xfs, filesystem: xfs }
        - { size: 200MiB, mount: /btrfs, filesystem: btrfs }
        - { size: 64MiB, mount: /old, filesystem: ext2 }
        - { size: 64MiB }
        - { source: '${reference('data')}', mount: /data, readOnly: true }
      resources: { ramSize: 256MiB }
  accessControl: { canList: [owner], canRead: [owner], canStart: [owner] }
`
  const dockerfile = (run: string) => `ARG TAG=latest
FROM ${registry.host}/base:$TAG AS first
RUN echo made >/made && chown 5:6 /made
FROM first
COPY --chown=7:8 . /srv/app
RUN ${run}
ENV COLOUR="of the folder"
WORKDIR /srv/app
`

  before(async () => {
    ;[registry] = await Promise.all([startDockerRegistry(), server.start()])
    const mark = randomUUID()
    const { config: _, ...app } = anyRoots.app
    await pushImage(
      registry.endpoint,
      'base',
      'latest',
      await imageOf({ ...app, packages: [], programs: {}, config: { Env: ['PATH=/bin', 'BASE=yes'] } }, server.home, mark),
    )
    await pushImage(registry.endpoint, 'part', 'latest', await imageOf(anyRoots.busybox, server.home, mark))
    // No root: it has no shell.
    await pushImage(registry.endpoint, 'data', 'latest', testImage([tar([{ name: 'table', content: `rows ${mark}` }])]))
    await mkdir(join(folder, 'web/secret'), { recursive: true })
    await writeFile(manifestFile, manifest())
    await writeFile(join(folder, 'web/index.html'), `hello ${mark}\n`)
    await writeFile(join(folder, 'web/secret/key'), 'secret')
    await writeFile(join(folder, 'web/.dockerignore'), 'secret\n')
    await writeFile(join(folder, 'web/Dockerfile'), dockerfile('echo the reason >&2; exit 3'))
  })
  after(async () => {
    await server.dispose()
    await registry?.stop()
  })

  test('a build that fails is told with its last lines, and nothing is made', async () => {
    const { code, stderr } = await server.ramet(['playground', 'create', 'team', '-b', 'flexbox', '-f', manifestFile, '-q'])
    assert.notEqual(code, 0)
    assert.match(stderr, /could not be built: .*RUN echo the reason.*\sthe reason\s.*exit status 3.*\(image_build_failed\)/s)
    assert.doesNotMatch(await server.ok('playground', 'catalog', '-q'), /team/)
  })

  test('a folder is built when its playground is created, without a network, and once', async () => {
    // Only the box's own loopback is there, and it is down.
    await writeFile(
      join(folder, 'web/Dockerfile'),
      dockerfile('! ping -c 1 -W 2 127.0.0.1 && ls /srv/app >/listed && id -u >>/listed'),
    )
    const name = (await server.ok('playground', 'create', 'team', '-b', 'flexbox', '-f', manifestFile, '-q')).trim()
    const source = (await (await server.client()).playgrounds.get(name)).machines[0]?.drives[0]?.source ?? ''
    assert.match(source, /^build:web@sha256:[0-9a-f]{64}$/, 'pinned to its content')
    built = source
    assert.equal(
      (await server.ok('image', 'build', `${folder}/web`, '-t', 'our-web', '-q')).trim(),
      'our-web',
      'the same content',
    )
    const builds = server.output.match(/image.*built/g)?.length ?? 0
    id = (await server.ok('playground', 'start', name, '-q')).trim()
    assert.equal(server.output.match(/image.*built/g)?.length ?? 0, builds)
  })

  test('its machine is as the Dockerfile says', async () => {
    assert.equal(
      await sh(id, 'web', "cat /listed; stat -c '%u:%g' /made /srv/app/index.html"),
      'Dockerfile\nindex.html\nmain\n0\n5:6\n7:8',
    )
    assert.equal(
      await inMachine(server, id, 'web', 'echo $COLOUR $BASE; pwd; cat /proc/1/comm'),
      'of the folder yes\n/srv/app\npid1',
    )
    assert.equal(await sh(id, 'web', 'ls -a /srv/app'), '.\n..\n.dockerignore\nDockerfile\nindex.html\nmain')
  })

  test('a root of a registry lies in a partition, and each drive has its filesystem', async () => {
    assert.equal(await sh(id, 'part', 'cat /run/came-up; cat /sys/block/vda/vda1/partition'), 'inittab\n1')
    const mounted = await sh(id, 'part', "grep -E ' /(xfs|btrfs|old|data) ' /proc/mounts | cut -d' ' -f2,3,4 | cut -d, -f1")
    assert.deepEqual(mounted.split('\n').toSorted(), ['/btrfs btrfs rw', '/data ext4 ro', '/old ext2 rw', '/xfs xfs rw'])
    assert.match(await sh(id, 'part', 'cat /data/table'), /^rows /)
    assert.equal(await sh(id, 'part', '/bin/busybox blkid /dev/vde || echo raw; cat /sys/block/vde/size'), 'raw\n131072')
    await sh(
      id,
      'part',
      'for at in /xfs /btrfs /old; do echo kept >$at/file; done; echo kept >/file; echo kept | /bin/busybox dd of=/dev/vde 2>/dev/null; sync',
    )
  })

  const all = 'cat /xfs/file /btrfs/file /old/file /file; /bin/busybox head -c 4 /dev/vde; cat /proc/1/comm'

  test('all of it is found again after a stop that keeps memory, and after one that does not', async () => {
    for (const how of [[], ['--power-off']]) {
      await server.ok('playground', 'stop', id, '-q', ...how)
      await server.ok('playground', 'restart', id, '-q')
      assert.equal(await sh(id, 'part', all), 'kept\nkept\nkept\nkept\nkeptinit', `after stop ${how}`)
      assert.match(await sh(id, 'web', 'cat /srv/app/index.html'), /^hello /)
    }
  })

  test('a live clone has all of it, and so has a playground saved from it', async () => {
    copy = (await server.ok('playground', 'clone', id, '--live', '-q')).trim()
    assert.equal(await sh(copy, 'part', all), 'kept\nkept\nkept\nkept\nkeptinit')
    assert.match(await sh(copy, 'web', 'cat /srv/app/index.html'), /^hello /)
    await server.ok('playground', 'destroy', id, '-q')
    await server.ok('playground', 'stop', copy, '-q')
    saved = (await server.ok('playground', 'save', copy, 'kept', '-q')).trim()
    await server.ok('playground', 'destroy', copy, '-q')
    id = (await server.ok('playground', 'start', saved, '-q')).trim()
    assert.equal(await sh(id, 'part', all), 'kept\nkept\nkept\nkept\nkeptinit')
    assert.match(await sh(id, 'web', 'cat /srv/app/index.html'), /^hello /)
    await server.ok('playground', 'destroy', id, '-q')
    await server.inOrder()
  })

  test('images of folders are removed with their folder, by either name', async () => {
    for (const name of names) await server.ramet(['image', 'rm', reference(name)])
    await server.ok('image', 'rm', 'our-web')
    const { stderr } = await server.ramet(['image', 'build', built])
    assert.match(stderr, /There is no image build:web@sha256:.* \(not_found\)/)
  })
})

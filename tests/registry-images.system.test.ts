import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type DockerRegistry, ImageLibrary, pushImage, startDockerRegistry, tar, testImage } from '@ramet/engine/testing'
import { inMachine } from './harness/in-machine.ts'
import { finish } from './harness/processes.ts'
import { TestServer, testCache } from './harness/server.ts'

/** Two machines whose roots come from a registry on this machine: Debian's own root with systemd, and busybox alone, without an init, of three layers. */
describe('roots from a registry', { concurrency: false }, () => {
  const server = new TestServer()
  let registry: DockerRegistry
  let id = ''
  const reference = (name: string) => `oci://${registry.host}/${name}:latest`

  const manifest = () => `kind: playground
title: From a registry
playground:
  machines:
    - name: full
      users: [{ name: laborant, default: true }]
      drives: [{ source: '${reference('debian')}', mount: / }]
    - name: bare
      drives: [{ source: 'docker://${registry.host}/bare', mount: /, size: 1GiB }]
  accessControl: { canList: [owner], canRead: [owner], canStart: [owner] }
`

  before(async () => {
    ;[registry] = await Promise.all([startDockerRegistry(), server.start()])
    await pushImage(registry.endpoint, 'debian', 'latest', await debianImage(server.home))
    await pushImage(registry.endpoint, 'bare', 'latest', await bareImage('first'))
  })
  after(async () => {
    for (const name of ['debian', 'bare', 'shell-less']) await server.ramet(['image', 'rm', reference(name)])
    await server.dispose()
    await registry?.stop()
  })

  async function create(name: string, text: string): Promise<string> {
    const file = join(server.home, `${name}.yaml`)
    await writeFile(file, text)
    return (await server.ok('playground', 'create', name, '-b', 'flexbox', '-f', file, '-q')).trim()
  }

  test('the digest is pinned when the playground is created, and its machines start', async () => {
    const name = await create('two', manifest())
    const pinned = (await (await server.client()).images.list()).find((image) => image.name === reference('bare'))
    assert.match(pinned?.digest ?? '', /^sha256:[0-9a-f]{64}$/)
    assert.equal(pinned?.state, 'absent')
    await pushImage(registry.endpoint, 'bare', 'latest', await bareImage('second'))
    const { code, stdout, stderr } = await server.ramet(['playground', 'start', name, '-q'], { timeoutMs: 600_000 })
    assert.equal(code, 0, stderr + server.output.slice(-3000))
    id = stdout.trim()
    assert.equal(
      await inMachine(server, id, 'bare', 'cat /etc/which'),
      'first',
      'what was pinned, not what the tag stands for now',
    )
  })

  test('Debian of a registry comes up with systemd, its users and a root that has grown', async () => {
    assert.match(await inMachine(server, id, 'full', 'sudo readlink /proc/1/exe'), /systemd$/)
    assert.equal(await inMachine(server, id, 'full', 'whoami'), 'laborant')
    assert.equal(await inMachine(server, id, 'full', 'sudo whoami'), 'root')
    assert.ok(Number(await inMachine(server, id, 'full', "df --output=size -BM / | tail -1 | tr -dc '0-9'")) > 10_000)
  })

  test('a root without an init comes up with ours, as its layers say', async () => {
    assert.equal(await inMachine(server, id, 'bare', 'cat /proc/1/comm'), 'pid1')
    assert.equal(await inMachine(server, id, 'bare', 'cd /data && echo *'), 'kept linked made')
    assert.equal(await inMachine(server, id, 'bare', "stat -c '%u:%g %a %h' /data/kept"), '12:34 4751 2')
    assert.equal(await inMachine(server, id, 'bare', 'echo "$COLOUR $PATH"'), 'blue sky /opt/ours:/bin', 'as the image says')
    assert.equal(await inMachine(server, id, 'bare', 'ping -c1 -W5 full >/dev/null && echo there'), 'there')
  })

  test('pull takes what the tag stands for now, for later starts', async () => {
    const digest = (await server.ok('image', 'pull', reference('bare'), '-q')).trim()
    assert.match(digest, /^sha256:/)
    assert.match(await server.ok('image', 'ls'), new RegExp(`${registry.host}/bare:latest .*${digest.slice(0, 19)}`))
    await server.ok('playground', 'destroy', id, '-q')
  })

  test('an image without a shell is refused before anything starts, and a registry that is away is named', async () => {
    await pushImage(registry.endpoint, 'shell-less', 'latest', testImage([tar([{ name: 'app', content: 'x', mode: 0o755 }])]))
    const name = await create('none', manifest().replace(reference('debian'), reference('shell-less')))
    const { code, stderr } = await server.ramet(['playground', 'start', name, '-q'])
    assert.notEqual(code, 0)
    assert.match(stderr, /No machine can start from oci:.*shell-less.*no shell/s)
    const away = join(server.home, 'away.yaml')
    await writeFile(away, manifest().replace(reference('debian'), 'oci://127.0.0.1:1/away'))
    const refused = await server.ramet(['playground', 'create', 'away', '-b', 'flexbox', '-f', away])
    assert.match(refused.stderr, /127\.0\.0\.1:1 cannot be reached for the manifest of oci:\/\/127\.0\.0\.1:1\/away:latest/)
  })
})

/** The root of debian-stable as one layer. */
async function debianImage(scratch: string) {
  const library = await ImageLibrary.open(testCache)
  const { disk } = await library.requireImage('debian-stable')
  const folder = join(scratch, 'layer')
  await mkdir(folder)
  const made = await finish([
    'sh',
    '-ec',
    `cd "$1"
    qemu-img convert -O raw "$2" raw
    mkdir root
    debugfs -R 'rdump / root' raw 2>/dev/null
    rm -rf raw root/lost+found
    # debugfs gives the owner after the mode, which takes set-id bits away.
    chmod 4755 root/usr/bin/sudo
    tar --numeric-owner -C root -c . | zstd -1 -q -o layer.tar.zst`,
    'sh',
    folder,
    disk,
  ])
  assert.equal(made.code, 0, made.stderr)
  const layer = await readFile(join(folder, 'layer.tar.zst'))
  await rm(folder, { recursive: true })
  return testImage([layer], { compress: 'zstd', isCompressed: true })
}

/** Debian's static busybox, in Docker's own format. `which` is written in it. */
async function bareImage(which: string) {
  const busybox = await readFile('/usr/bin/busybox')
  const applets = ['sh', 'cat', 'stat', 'ping', 'echo', 'ls']
  return testImage(
    [
      tar([
        { name: 'bin/' },
        { name: 'bin/busybox', content: busybox, mode: 0o755 },
        ...applets.map((name) => ({ name: `bin/${name}`, type: '2', linkName: 'busybox' })),
        { name: 'data/old/deep', content: 'x' },
        { name: 'data/gone', content: 'x' },
      ]),
      tar([
        { name: 'data/kept', content: 'y', uid: 12, gid: 34, mode: 0o4751 },
        { name: 'data/linked', type: '1', linkName: 'data/kept' },
        { name: 'data/.wh.gone' },
        { name: 'etc/which', content: `${which}\n` },
        // The cache of tests outlives them: an image of each of them.
        { name: 'etc/once', content: randomUUID() },
      ]),
      tar([{ name: 'data/.wh.old' }, { name: 'data/made', content: 'z' }]),
    ],
    { format: 'docker', config: { Env: ['PATH=/opt/ours:/bin', 'COLOUR=blue sky'] } },
  )
}

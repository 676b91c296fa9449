import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type DockerRegistry, pushImage, startDockerRegistry } from '@ramet/engine/testing'
import { type AnyRoot, anyRoots, imageOf } from './any-roots.ts'
import { inMachine, tellMachine } from './harness/in-machine.ts'
import { until } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'

/** How a root lies on its drive, and what stands beside it. */
const drives: Readonly<Record<string, { readonly root?: string; readonly second: string; readonly mounted?: string }>> = {
  openrc: { second: '{ size: 400MiB, mount: /data, filesystem: xfs }', mounted: 'xfs' },
  busybox: { root: ', partitioned: gpt', second: '{ size: 200MiB, mount: /data, filesystem: btrfs }', mounted: 'btrfs' },
  sysvinit: { root: ', partitioned: mbr', second: '{ size: 64MiB, mount: /data, filesystem: ext2 }', mounted: 'ext2' },
  app: { second: '{ size: 64MiB }, { size: 32MiB, mount: /scratch, persistent: false }' },
}

const roots: readonly (readonly [string, AnyRoot])[] = Object.entries(anyRoots)

/** A machine of each kind of root. The tests build on each other, in order. */
describe('roots with any init or none', { concurrency: false }, () => {
  const server = new TestServer()
  let registry: DockerRegistry
  let id = ''
  const reference = (name: string) => `oci://${registry.host}/${name}:latest`
  const sh = async (machine: string, command: string, user = 'root'): Promise<string> => {
    const { code, stdout, stderr } = await tellMachine(server, id, machine, command, { user, timeoutMs: 60_000 })
    assert.equal(code, 0, `${machine}: ${command}: ${stderr}${stdout}`)
    return stdout.trim()
  }

  const machine = (name: string) => `
    - name: ${name}
      users: [{ name: root }, { name: laborant, default: true, welcome: "Hello from ${name}" }]
      drives: [{ source: '${reference(name)}', mount: /, size: 1GiB${drives[name]?.root ?? ''} }, ${drives[name]?.second}]
      resources: { ramSize: 256MiB }
      startupFiles:
        - { path: /srv/new/file, content: "laborant's", owner: 'laborant:laborant', mode: '600' }
        - { path: /etc/numbers, content: "x", owner: '12:34', mode: '4751' }
        - { path: /etc/appended, content: "of the manifest", append: true }`
  const task = (name: string, index: number) => `
    of-${name}: { machine: ${name}, user: laborant, needs: [${roots.slice(0, index).map(([each]) => `of-${each}`)}], run: "id -un; hostname" }`
  const manifest = () => `kind: playground
title: Roots of any kind
playground:
  machines:${roots.map(([name]) => machine(name)).join('')}
  initTasks:${roots.map(([name], index) => task(name, index)).join('')}
  accessControl: { canList: [owner], canRead: [owner], canStart: [owner] }
`

  before(async () => {
    ;[registry] = await Promise.all([startDockerRegistry(), server.start()])
    for (const [name, root] of roots)
      await pushImage(registry.endpoint, name, 'latest', await imageOf(root, server.home, randomUUID()))
    const file = join(server.home, 'any.yaml')
    await writeFile(file, manifest())
    const name = (await server.ok('playground', 'create', 'any', '-b', 'flexbox', '-f', file, '-q')).trim()
    id = (await server.ok('playground', 'start', name, '-q')).trim()
  })
  after(async () => {
    for (const [name] of roots) await server.ramet(['image', 'rm', reference(name)])
    await server.dispose()
    await registry?.stop()
  })

  for (const [name, { init, cameUp }] of roots)
    test(`${name} has its init, name, users, files, task, neighbours and terminal`, async () => {
      assert.equal(await sh(name, 'cat /proc/1/comm'), init)
      if (cameUp !== undefined) assert.equal(await until('its init', () => sh(name, 'cat /run/came-up')), cameUp)
      assert.equal(await sh(name, 'hostname; cat /etc/hostname'), `${name}\n${name}`)
      assert.equal(
        await inMachine(server, id, name, 'id -un; id -u; echo $HOME'),
        'laborant\n1000\n/home/laborant'.replace('1000', init === 'pid1' ? '1001' : '1000'),
      )
      assert.equal(
        await sh(name, "stat -c '%U:%G %a' /srv/new /srv/new/file; cat /srv/new/file"),
        "laborant:laborant 755\nlaborant:laborant 600\nlaborant's",
      )
      assert.equal(
        await sh(name, "stat -c '%u:%g %a' /etc/numbers; cat /etc/appended"),
        '12:34 4751\nof the image\nof the manifest',
      )
      for (const [other] of roots) await sh(name, `ping -c 1 -W 10 ${other}`)
      await taskEnded(name)
      assert.match(await firstScreen(name), new RegExp(`Hello from ${name}`))
    })

  test('shells of an image for containers begin as it says', async () => {
    const said = 'linked with musl\nblue sky\n/srv/app'
    assert.equal(await inMachine(server, id, 'app', 'tool; echo "$COLOUR"; pwd'), said)
    assert.match(
      await firstScreen('app', 'tool; echo "$COLOUR" $PWD\n', /\/srv\/app\r?\n/),
      /linked with musl\s+blue sky \/srv\/app/,
    )
    assert.equal(await inMachine(server, id, 'openrc', 'pwd'), '/home/laborant', 'others begin at home')
  })

  test('a root may lie in a partition, and a drive beside it has the filesystem that it is to have, or none', async () => {
    for (const [name, { root, mounted }] of Object.entries(drives)) {
      assert.equal(await sh(name, 'cat /sys/block/vda/vda1/partition 2>/dev/null || echo none'), root ? '1' : 'none')
      const seen = await sh(name, "grep ' /data ' /proc/mounts | cut -d' ' -f1,3,4 | cut -d, -f1; cat /sys/block/vdb/size")
      assert.equal(seen, mounted ? `/dev/vdb ${mounted} rw\n${await sh(name, 'cat /sys/block/vdb/size')}` : '131072')
      await sh(name, `echo kept >/kept; sync; ${put(name)}`)
    }
    await sh('app', 'echo for now >/scratch/file')
  })

  test('their memory is kept, and goes on', async () => {
    for (const [name] of roots)
      await sh(name, 'echo kept >/run/in-memory; sleep 3000 </dev/null >/dev/null 2>&1 & echo $! >/run/sleeper')
    await server.ok('playground', 'stop', id, '-q')
    await server.ok('playground', 'restart', id, '-q')
    for (const [name] of roots)
      assert.equal(await sh(name, 'cat /run/in-memory; kill -0 $(cat /run/sleeper) && echo slept'), 'kept\nslept')
    assert.equal(await sh('app', 'cat /scratch/file'), 'for now', 'what keeps nothing is kept with the memory')
  })

  test('a live clone has their memory and their drives, and leaves them alone', async () => {
    const source = id
    id = (await server.ok('playground', 'clone', source, '--live', '-q')).trim()
    for (const [name, { init }] of roots) {
      assert.equal(await sh(name, 'cat /run/in-memory; kill $(cat /run/sleeper) && echo slept'), 'kept\nslept')
      assert.equal(await sh(name, `cat /proc/1/comm /kept; ${get(name)}`), `${init}\nkept\nkept`)
      await sh(name, `rm /kept; ping -c 1 -W 10 ${roots[0]?.[0]}`)
    }
    await server.ok('playground', 'destroy', id, '-q')
    id = source
    for (const [name] of roots) assert.equal(await sh(name, 'cat /kept; kill $(cat /run/sleeper) && echo slept'), 'kept\nslept')
  })

  test('the power button ends them in order, and they boot again with nothing done twice, as a playground saved from them does', async () => {
    const { code, stderr } = await server.ramet(['playground', 'stop', id, '--power-off'])
    assert.equal(code, 0, stderr)
    assert.doesNotMatch(server.output, /did not shut down/)
    const saved = (await server.ok('playground', 'save', id, 'kept', '-q')).trim()
    await server.ok('playground', 'restart', id, '-q')
    await bootedAgain()
    await server.ok('playground', 'destroy', id, '-q')
    id = (await server.ok('playground', 'start', saved, '-q')).trim()
    await bootedAgain()
    await server.inOrder()
  })

  async function bootedAgain(): Promise<void> {
    for (const [name, { cameUp }] of roots) {
      assert.equal(
        await sh(name, 'cat /etc/appended; echo; grep -c laborant /etc/passwd; ls /run/in-memory 2>/dev/null; true'),
        'of the image\nof the manifest\n1',
      )
      if (cameUp !== undefined) assert.equal(await until('its init', () => sh(name, 'cat /run/came-up')), cameUp)
      assert.equal(await sh(name, `cat /kept; ${get(name)}`), 'kept\nkept')
    }
    assert.equal(
      await sh('app', "ls -A /scratch | grep -v lost+found; grep -c ' /scratch ext4 rw' /proc/mounts"),
      '1',
      'it is empty',
    )
    await sh('app', 'echo for now >/scratch/file')
  }

  /** Into the drive beside the root, and out of it. */
  const put = (name: string) =>
    drives[name]?.mounted ? 'echo kept >/data/file; sync' : 'echo kept | /bin/busybox dd of=/dev/vdb 2>/dev/null; sync'
  const get = (name: string) => (drives[name]?.mounted ? 'cat /data/file' : '/bin/busybox head -n 1 /dev/vdb')

  async function taskEnded(name: string): Promise<void> {
    const client = await server.client()
    const ended = await until(
      `the task of ${name}`,
      async () => {
        const found = (await client.plays.tasks(id)).find((each) => each.name === `of-${name}`)
        return found?.stdout === `laborant\n${name}\n`
      },
      120_000,
    )
    assert.ok(ended)
  }

  /** What a new terminal shows, after something was typed there, until it shows this. */
  async function firstScreen(name: string, typed = 'echo re\\ady\n', shows = /\nready/): Promise<string> {
    using stream = (await server.client()).terminal(id, name, randomUUID().slice(0, 8), { cols: 80, rows: 24 })
    let screen = ''
    stream.onOutput((_, bytes) => {
      screen += new TextDecoder().decode(bytes)
    })
    await stream.ready
    stream.write(typed)
    await until(`the terminal of ${name} to show ${shows}`, () => shows.test(screen)).catch((error) => {
      throw new Error(`${(error as Error).message}: ${screen}`)
    })
    return screen
  }
})

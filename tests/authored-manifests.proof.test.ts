import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type DockerRegistry, pushImage, startDockerRegistry } from '@ramet/engine/testing'
import { anyRoots, imageOf } from './any-roots.ts'
import { tellMachine } from './harness/in-machine.ts'
import { TestServer } from './harness/server.ts'

/** Some of the manifests of `authored-manifests.test.ts` on real VMs: what they say is there inside. */
describe('manifests of authors in real machines', { concurrency: false }, () => {
  const server = new TestServer()
  let registry: DockerRegistry
  let id = ''
  const sh = async (machine: string, command: string): Promise<string> => {
    const { code, stdout, stderr } = await tellMachine(server, id, machine, command, { user: 'root', timeoutMs: 60_000 })
    assert.equal(code, 0, `${machine}: ${command}: ${stderr}${stdout}`)
    return stdout.trim()
  }
  const start = async (file: string) => {
    const written = join(server.home, file)
    const text = await readFile(new URL(`authored/${file}`, import.meta.url), 'utf8')
    await writeFile(written, text.replaceAll('REGISTRY', registry.host))
    const name = (await server.ok('playground', 'create', '-f', written, '-q')).trim()
    id = (await server.ok('playground', 'start', name, '-q')).trim()
  }
  const destroy = async () => {
    await server.ok('playground', 'destroy', id, '-q')
    await server.inOrder()
  }

  before(async () => {
    registry = await startDockerRegistry()
    const root = await imageOf(anyRoots.busybox, server.home, randomUUID())
    for (const tag of ['latest', 'v1']) await pushImage(registry.endpoint, 'lab/base', tag, root)
    await writeFile(join(server.home, 'images.yaml'), `our-base: oci://${registry.host}/lab/base:latest\n`)
    await server.start()
  })
  after(async () => {
    for (const name of ['our-base', `oci://${registry.host}/lab/base:v1`]) await server.ramet(['image', 'rm', name])
    await server.dispose()
    await registry?.stop()
  })

  test('startup files have their content, owner and mode, by whatever they are written', async () => {
    await start('startup-files.yaml')
    const seen = await sh(
      'box',
      "stat -c '%n %U:%G %a %s' /etc/motd /opt/app/run.sh /etc/secret /etc/owned /etc/group-owned /opt/app/config.json /opt/app/number",
    )
    assert.deepEqual(seen.split('\n'), [
      '/etc/motd root:root 644 9',
      '/opt/app/run.sh dev:dev 755 43',
      '/etc/secret UNKNOWN:root 400 6',
      '/etc/owned dev:root 640 0',
      '/etc/group-owned dev:ops 644 1',
      '/opt/app/config.json root:root 600 30',
      '/opt/app/number root:root 644 2',
    ])
    assert.equal(await sh('box', "stat -c '%u:%g' /opt/app/run.sh /etc/secret; cat /opt/app/number"), '1000:1000\n65534:0\n42')
    await destroy()
  })

  test('drives stand in the order in which they are written, behind the root, with their sizes and filesystems', async () => {
    await start('raid-and-lvm.yaml')
    const sizes = await sh('storage', 'cat /sys/block/vd?/size')
    // The drive of 100,000,001 bytes ends with its last whole sector, or the one after it.
    const [root, b, c, d, e, odd, xfs, btrfs, golden] = sizes.split('\n').map((sectors) => Number(sectors) * 512)
    assert.deepEqual([root, b, c, d, e], [8e9, 2 ** 30, 2 ** 30, 1.5 * 2 ** 30, 2 ** 29])
    assert.ok(odd !== undefined && Math.abs(odd - 100_000_001) <= 4096, `${odd}`)
    assert.deepEqual([xfs, btrfs], [400 * 2 ** 20, 2 ** 30])
    assert.ok(golden !== undefined && golden < 2 ** 30, 'as large as its image, as the warning says')
    const mounted = await sh('storage', "grep -E ' (/srv/data|/mnt/golden) ' /proc/mounts | cut -d' ' -f2,3,4 | cut -d, -f1")
    assert.deepEqual(mounted.split('\n').toSorted(), ['/mnt/golden ext4 ro', '/srv/data btrfs rw'])
    await sh('storage', 'mkdir /x; /bin/busybox modprobe xfs; mount -t xfs /dev/vdg /x')
    await destroy()
  })

  test('machines on several LANs have their addresses, routes and neighbours', async () => {
    await start('wireguard-hub.yaml')
    assert.equal(await sh('spoke-a', 'ping -c 1 -W 10 hub >/dev/null && hostname'), 'spoke-a')
    assert.match(await sh('spoke-b', '/bin/busybox ip addr show eth0'), /192\.168\.20\.254\/24/)
    assert.match(await sh('spoke-b', '/bin/busybox ip addr show eth1'), /203\.0\.113\.5\/28/)
    assert.match(await sh('spoke-b', '/bin/busybox ip route show default'), /via 203\.0\.113\.14 dev eth1/)
    const { plays } = await server.client()
    assert.deepEqual(
      (await plays.tasks(id)).map(({ name, exitCode, stdout }) => [name, exitCode, stdout]),
      [
        ['keys', 0, 'keys\n'],
        ['up-a', 0, ''],
        ['up-b', 0, ''],
        ['ping', 0, 'pong\n'],
      ],
    )
    await destroy()
  })
})

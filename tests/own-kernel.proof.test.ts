import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import { testFolder } from '../scripts/testing/test-folders.ts'
import { bootOf, tellMachine } from './harness/in-machine.ts'
import { until } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'

const manifest = `
kind: playground
base: flexbox
title: A kernel of its own
playground:
  machines:
    - name: box
      kernel: own
      users: [{ name: root }]
      drives: [{ source: debian-kernel, mount: /, size: 4GiB }]
      resources: { ramSize: 768MiB }
      startupFiles: [{ path: /root/once, content: "as the manifest says" }]
  accessControl: { canList: [owner], canRead: [owner], canStart: [owner] }
`

/** The tests build on each other. `own-kernel-upgrade.proof.test.ts` is the story of a server. */
describe('a machine that boots the kernel of its root', { concurrency: false }, () => {
  const server = new TestServer()
  let id = ''
  const inGuest = async (command: string, run = id): Promise<string> => {
    const { code, stdout, stderr } = await tellMachine(server, run, 'box', command, { user: 'root' })
    assert.equal(code, 0, `${command}: ${stderr}${stdout}`)
    return stdout.trim()
  }

  before(() => server.start())
  after(() => server.dispose())

  test('comes up with it, set up and reachable as any other', async () => {
    const file = `${testFolder('own-kernel')}/lab.yaml`
    await writeFile(file, manifest)
    const playground = (await server.ok('playground', 'create', '-f', file, '-q')).trim()
    id = (await server.ok('playground', 'start', playground, '-q')).trim()
    const release = await inGuest('uname -r')
    assert.match(release, /^6\.1\.\d+-\d+-amd64$/, 'the platform’s is a cloud kernel')
    assert.equal(
      await inGuest('ls /boot | grep vmlinuz; cat /root/once; echo; hostname'),
      `vmlinuz-${release}\nas the manifest says\nbox`,
    )
    // The way in is there before the message bus is.
    await until(
      'the bus',
      async () => (await tellMachine(server, id, 'box', 'test -S /run/dbus/system_bus_socket')).code === 0,
      120_000,
    )
    assert.equal(await inGuest('systemctl is-system-running --wait; systemctl --failed --quiet'), 'running')
    assert.match(await inGuest('df --output=size -BM /'), /(3\d|40)\d\dM/)
  })

  test('reads its boot loader’s configuration at each boot', async () => {
    await inGuest(
      `mkdir -p /boot/grub && update-grub 2>&1; sed -i '0,/^\\tlinux.*/s//& chosen=by-grub/' /boot/grub/grub.cfg && sync`,
    )
    await server.ok('playground', 'machine', 'reboot', id, 'box', '-q')
    assert.match(await inGuest('cat /proc/cmdline'), /root=\S+ ro .*chosen=by-grub.* init=/)
  })

  test('keeps its kernel through stop, restart and a live clone', async () => {
    const [boot, release] = [await bootOf(server, id, 'box'), await inGuest('uname -r')]
    await server.ok('playground', 'stop', id, '-q')
    await server.ok('playground', 'restart', id, '-q')
    const clone = (await server.ok('playground', 'clone', id, '--live', '-q')).trim()
    for (const run of [id, clone])
      assert.deepEqual([await bootOf(server, run, 'box'), await inGuest('uname -r', run)], [boot, release])
    await server.ok('playground', 'destroy', clone, '-q')
  })

  test('whose kernel is gone says so, and stays on to be mended', async () => {
    await inGuest('rm /boot/vmlinuz-* && sync')
    const { code, stderr } = await server.ramet(['playground', 'machine', 'reboot', id, 'box'])
    assert.notEqual(code, 0)
    assert.match(
      stderr,
      /box is on and does not answer: It cannot boot: the kernel \/boot\/vmlinuz-\S+, which \/boot\/grub\/grub\.cfg names, is not there/,
    )
  })
})

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { testFolder } from '../scripts/testing/test-folders.ts'
import { tellMachine } from './harness/in-machine.ts'
import { TestServer } from './harness/server.ts'

const manifest = `
kind: playground
base: flexbox
title: Upgrading a server
playground:
  machines:
    - name: box
      kernel: own
      users: [{ name: root }]
      drives: [{ source: debian-kernel, mount: /, size: 6GiB, partitioned: mbr }]
      resources: { ramSize: 1GiB, cpuCount: 2 }
  accessControl: { canList: [owner], canRead: [owner], canStart: [owner] }
`

/** The story of a server: another kernel is installed by its package, MBR becomes GPT, a boot is broken and mended on a clone from before. */
describe('the kernel of a partitioned root is upgraded', { concurrency: false }, () => {
  const server = new TestServer()
  const folder = testFolder('own-kernel')
  let id = ''
  let before1 = ''
  const inGuest = async (command: string, run = id): Promise<string> => {
    const { code, stdout, stderr } = await tellMachine(server, run, 'box', command, { user: 'root' })
    assert.equal(code, 0, `${command}: ${stderr.slice(-1500)}${stdout.slice(-1500)}`)
    return stdout.trim()
  }
  /** Copies a file of the host into the machine by its commands, 96 KiB of base64 each. */
  const send = async (file: string, to: string) => {
    const text = readFileSync(file).toString('base64')
    await inGuest(`: > ${to}.b64`)
    for (let at = 0; at < text.length; at += 98_304) await inGuest(`printf %s '${text.slice(at, at + 98_304)}' >> ${to}.b64`)
    await inGuest(`base64 -d ${to}.b64 > ${to} && rm ${to}.b64`)
  }

  before(() => server.start())
  after(() => server.dispose())

  test('it begins with the one of its image', async () => {
    writeFileSync(`${folder}/lab.yaml`, manifest)
    const playground = (await server.ok('playground', 'create', '-f', `${folder}/lab.yaml`, '-q')).trim()
    id = (await server.ok('playground', 'start', playground, '-q')).trim()
    assert.match(await inGuest('uname -r; findmnt -no SOURCE /'), /^6\.1\.\d+-\d+-amd64\n\/dev\/vda1$/)
  })

  test('a package brings another, which boots after a reboot from inside, and so does the older one when it is chosen', async () => {
    const packages = join(folder, 'packages')
    mkdirSync(packages)
    const meta = execFileSync('apt-cache', ['depends', 'linux-image-cloud-amd64'], { encoding: 'utf8' })
    const name = /linux-image-6\S+/.exec(meta)?.[0] ?? ''
    execFileSync('apt-get', ['download', name], { cwd: packages })
    const [deb = ''] = readdirSync(packages)
    await send(join(packages, deb), '/root/kernel.deb')
    before1 = (await server.ok('playground', 'clone', id, '--live', '-q')).trim()
    await server.ok('playground', 'stop', before1, '--power-off', '-q')
    await inGuest('mkdir -p /boot/grub && dpkg -i /root/kernel.deb 2>&1 && update-grub 2>&1 && sync')
    const began = performance.now()
    await server.ok('playground', 'machine', 'reboot', id, 'box', '-q')
    console.log(`# a reboot took ${((performance.now() - began) / 1000).toFixed(1)} s`)
    const kernels = (await inGuest('ls /boot | sed -n s/^vmlinuz-//p')).split('\n')
    assert.equal(kernels.length, 2)
    const first = await inGuest('uname -r')
    const other = kernels.find((each) => each !== first) ?? ''
    await inGuest(`entry=$(grep -o "gnulinux-${other}-advanced-[^']*" /boot/grub/grub.cfg | head -1); sub=$(grep -o "gnulinux-advanced-[^']*" /boot/grub/grub.cfg | head -1)
      printf 'GRUB_DEFAULT="%s"\\n' "$sub>$entry" > /etc/default/grub && update-grub 2>&1 && sync`)
    await server.ok('playground', 'machine', 'reboot', id, 'box', '-q')
    assert.equal(await inGuest('uname -r'), other)
  })

  test('its table is converted, and it boots; a broken entry is mended by going back to the clone from before', async () => {
    await inGuest('sgdisk -g /dev/vda >/dev/null && sync')
    await server.ok('playground', 'machine', 'reboot', id, 'box', '-q')
    assert.equal(await inGuest('sfdisk -d /dev/vda | grep ^label:'), 'label: gpt')
    await inGuest('sed -i "s/root=UUID=[^ ]*/root=UUID=0-0/" /boot/grub/grub.cfg && sync')
    const { code, stderr } = await server.ramet(['playground', 'machine', 'reboot', id, 'box'])
    assert.notEqual(code, 0)
    assert.match(stderr, /its initramfs found no root to go on with .*UUID=0-0 does not exist/)
    await server.ok('playground', 'stop', id, '--power-off', '-q')
    await server.ok('playground', 'restart', before1, '-q')
    assert.match(await inGuest('uname -r', before1), /^6\.1\.\d+-\d+-amd64$/)
  })
})

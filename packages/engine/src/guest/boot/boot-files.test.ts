import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { BootConfig } from '../guest.ts'
import { bootArchive } from './boot-files.ts'

describe('the boot archive', () => {
  const at = mkdtempSync(join(tmpdir(), 'ramet-boot-'))
  const read = (name: string) => readFileSync(join(at, 'ramet', name), 'utf8')
  before(() => {
    const config: BootConfig = {
      hostname: 'web',
      hosts: [{ address: '172.16.0.2', names: ['web', 'web.local'] }],
      interfaces: [
        { name: 'eth0', mac: '52:52:00:00:00:00', address: '172.16.0.2', prefixLength: 24, gateway: '172.16.0.1' },
        { name: 'eth1', mac: '52:52:00:00:00:01', address: '10.0.0.2', prefixLength: 16 },
      ],
      nameservers: ['192.0.2.53'],
      users: [{ name: 'root' }, { name: 'laborant' }],
      startupFiles: [{ path: '/etc/a file', content: 'x\n"$(y)"', append: true, owner: '0:0', mode: '600' }],
      once: { allowed: 'ask', setUp: true, growRoot: false },
      drives: [
        { device: 'vdb', mount: '/my data', filesystem: 'ext4', readOnly: false, grow: true },
        { device: 'vdc', readOnly: true, grow: false },
      ],
      isPartitioned: false,
      hasOwnKernel: false,
      modulesSerial: 'ramet-modules',
      isClosed: true,
    }
    // busybox' cpio stands in for the kernel's unpacker: another reader of the same format.
    const unpacked = spawnSync('busybox', ['cpio', '-idm'], { cwd: at, input: bootArchive(config) })
    assert.equal(unpacked.status, 0, unpacked.stderr.toString())
  })
  after(() => rmSync(at, { recursive: true, force: true }))

  test('says each interface on a line, with a dash where there is no default route', () => {
    assert.equal(read('interfaces'), 'eth0 52:52:00:00:00:00 172.16.0.2 24 172.16.0.1\neth1 52:52:00:00:00:01 10.0.0.2 16 -\n')
  })

  test('keeps a mount point with a blank one word, which the shell turns back', () => {
    const [first = '', second] = read('drives').trim().split('\n')
    const word = first.split(' ')[2] ?? ''
    assert.equal(spawnSync('busybox', ['sh', '-c', 'printf %b "$1"', 'sh', word]).stdout.toString(), '/my data')
    assert.equal(second, 'drive-2 vdc - - ro keep')
    assert.match(first, / ext4 rw grow$/)
  })

  test('says what is due, and that the host is to be asked first', () => {
    assert.equal(read('once'), 'ask set-up keep\n')
  })

  test('carries contents that a shell would expand untouched', () => {
    assert.equal(read('files/00/content'), 'x\n"$(y)"')
    assert.equal(read('files/00/path'), '/etc/a file\n')
  })

  test('marks a machine that lets nobody in', () => {
    assert.equal(read('closed'), '')
  })

  test('lets nobody but root read what a playground puts into its files', () => {
    assert.equal(statSync(join(at, 'ramet/files/00/content')).mode & 0o777, 0o600)
  })
})

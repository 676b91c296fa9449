import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { VmSpec } from '../vmm.ts'
import { jailCommandLine } from './jail-command-line.ts'
import { fileRights } from './own-files.ts'
import { qemuJail } from './qemu-jail.ts'

const spec: VmSpec = {
  runId: '0123456789abcdef01234567',
  machine: 'web',
  folder: '/home/runs/1/machines/0',
  cpuCount: 1,
  ramMiB: 512,
  kernel: '/cache/kernel',
  initrd: '/home/runs/1/initrd-0',
  commandLine: [],
  drives: [
    { serial: 'a', readOnly: false, source: { kind: 'qcow2-chain', files: ['/home/runs/1/drives/top', '/home/layers/base'] } },
    { serial: 'b', readOnly: true, source: { kind: 'qcow2-chain', files: ['/home/layers/data', '/home/layers/base'] } },
    { serial: 'm', readOnly: true, source: { kind: 'raw-file', file: '/cache/modules' } },
  ],
  interfaces: [{ tap: 'tap0-0', mac: '52:52:00:00:00:00' }],
  namespace: 'r1-1',
  groups: ['/sys/fs/cgroup/r1-1'],
}
const options = {
  jail: { uid: 1_900_000_001, inside: '/home/runs/1/drives', ramMiB: 512 },
  sealed: ['/home/layers/base'],
  read: ['/cache/modules'],
  accelerator: 'tcg',
  prefix: '/usr',
  privateRam: undefined,
} as const

test('a VM may write the topmost file of each of its drives, and read what is below once each', () => {
  assert.deepEqual(fileRights(spec), {
    write: ['/home/runs/1/drives/top'],
    sealed: ['/home/layers/base', '/home/layers/data'],
    read: ['/cache/modules', '/cache/kernel', '/home/runs/1/initrd-0'],
  })
  const resume = { ramFile: '/home/snapshots/1/0.ram', stateFile: '/home/snapshots/1/0.state' }
  assert.ok(fileRights({ ...spec, resume }).sealed.includes(resume.ramFile))
  const { write, sealed, read } = fileRights({ ...spec, resume })
  assert.ok(![...write, ...sealed, ...read].includes(resume.stateFile), 'it comes through a descriptor')
})

test('of the host a VM sees programs, its own files and a few devices; /dev/kvm only with KVM', () => {
  const jail = qemuJail(spec, options)
  assert.deepEqual(jail.system, ['/usr', '/lib', '/lib64'])
  assert.deepEqual(jail.folders, [{ here: '/home/runs/1/machines/0/own', there: '/home/runs/1/drives' }])
  assert.deepEqual([jail.sealed, jail.read], [options.sealed, options.read])
  assert.deepEqual(jail.devices, ['null', 'zero', 'urandom'])
  assert.deepEqual(qemuJail(spec, { ...options, accelerator: 'kvm' }).devices?.slice(-1), ['kvm'])
  assert.deepEqual(Object.keys(jail.environment ?? {}), ['PATH', 'LC_ALL'])
})

test('a QEMU that is installed elsewhere is seen with what came with it', () => {
  assert.deepEqual(qemuJail(spec, { ...options, prefix: '/opt/qemu' }).system, ['/usr', '/lib', '/lib64', '/opt/qemu'])
})

test('the command line of a jail names each wall, and then the program', () => {
  const argv = jailCommandLine('/jail', qemuJail(spec, options), ['/usr/bin/qemu', '-nodefaults'])
  assert.deepEqual(argv.slice(0, 5), ['/jail', 'uid', '1900000001', 'root', '/home/runs/1/machines/0/root'])
  const after = (option: string) => argv.flatMap((word, at) => (argv[at - 1] === option ? [word] : []))
  assert.deepEqual(after('group'), spec.groups)
  assert.deepEqual(after('netns'), ['/run/netns/r1-1'])
  assert.deepEqual(after('keep'), ['3'])
  assert.deepEqual(after('tap'), ['20'])
  assert.deepEqual(argv.slice(argv.indexOf('--')), ['--', '/usr/bin/qemu', '-nodefaults'])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { VmSpec } from '../vmm.ts'
import { qemuCommandLine } from './command-line.ts'
import { descriptors } from './qemu-jail.ts'

const spec: VmSpec = {
  runId: '0123456789abcdef01234567',
  machine: 'web',
  folder: '/home,1/vm',
  cpuCount: 2,
  ramMiB: 1024,
  kernel: '/k',
  initrd: '/i',
  commandLine: ['quiet'],
  drives: [
    {
      serial: 'drive-0',
      readOnly: false,
      source: { kind: 'qcow2-chain', files: ['/overlay.qcow2', '/mid.qcow2', '/base'] },
    },
    { serial: 'modules', readOnly: true, source: { kind: 'raw-file', file: '/m,x' } },
  ],
  interfaces: [{ tap: 'tap0-0', mac: '52:52:00:00:00:00' }],
}
const options = {
  qemu: 'qemu',
  accelerator: 'tcg',
  tscKhz: 2_500_000,
  jitCacheMiB: 128,
} as const
const after = (argv: readonly string[], flag: string) => argv.flatMap((word, at) => (argv[at - 1] === flag ? [word] : []))
interface Node {
  driver: string
  'node-name': string
  filename?: string
  'read-only': boolean
  backing?: string | null
}

test('the chain of a drive is spelled out from the bottom, and only its overlay can be written', () => {
  const nodes = after(qemuCommandLine(spec, options), '-blockdev').map((text) => JSON.parse(text) as Node)
  const formats = nodes.filter((node) => node.driver !== 'file')
  assert.deepEqual(
    formats.map((node) => [node['node-name'], node.driver, node['read-only'], node.backing]),
    [
      ['d0-0', 'qcow2', true, null],
      ['d0-1', 'qcow2', true, 'd0-0'],
      ['d0-2', 'qcow2', false, 'd0-1'],
      ['d1-0', 'raw', true, undefined],
    ],
  )
  assert.deepEqual(
    nodes.filter((node) => node.driver === 'file').map((node) => node.filename),
    ['/base', '/mid.qcow2', '/overlay.qcow2', '/m,x'],
  )
})

test('the lowest qcow2 of a chain is told to have nothing below it, whatever its header names', () => {
  const alone: VmSpec = {
    ...spec,
    drives: [{ serial: 'd', readOnly: false, source: { kind: 'qcow2-chain', files: ['/overlay'] } }],
  }
  const nodes = after(qemuCommandLine(alone, options), '-blockdev').map((text) => JSON.parse(text) as Node)
  assert.equal(nodes.at(-1)?.backing, null)
})

test('devices sit on transports from the last one down, in the order that the guest counts them', () => {
  const devices = after(qemuCommandLine(spec, options), '-device').filter((device) => device.includes('bus=virtio-mmio'))
  assert.deepEqual(
    devices.map((device) => [device.split(',')[0], /bus=virtio-mmio-bus\.(\d+)/.exec(device)?.[1]]),
    [
      ['virtio-blk-device', '23'],
      ['virtio-blk-device', '22'],
      ['virtio-net-device', '21'],
      ['virtio-serial-device', '20'],
      ['virtio-rng-device', '19'],
    ],
  )
})

test('QEMU makes no socket, opens no tap and no log: it begins with them', () => {
  const argv = qemuCommandLine(spec, options)
  for (const chardev of after(argv, '-chardev')) assert.match(chardev, /^socket,id=\w+,fd=\d+,server=on,wait=off/)
  assert.deepEqual(after(argv, '-netdev'), [`tap,id=net0,fd=${descriptors.tap(0)},vhost=off`])
  const [set] = after(argv, '-add-fd')
  assert.equal(set, `fd=${descriptors.consoleLog},set=1,opaque=/home,,1/vm`)
  assert.ok(after(argv, '-chardev').some((chardev) => chardev.endsWith('logfile=/dev/fdset/1,logappend=on')))
})

test('QEMU may start nothing, gain no rights, and reads no configuration of the host', () => {
  const argv = qemuCommandLine(spec, options)
  assert.deepEqual(after(argv, '-sandbox'), ['on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'])
  for (const flag of ['-nodefaults', '-no-user-config']) assert.ok(argv.includes(flag))
})

test('under TCG the guest is told the frequency of its clock, under KVM it is not', () => {
  assert.match(after(qemuCommandLine(spec, options), '-append')[0] ?? '', / tsc_early_khz=2500000 tsc=reliable /)
  const kvm = qemuCommandLine(spec, { ...options, accelerator: 'kvm' })
  assert.doesNotMatch(after(kvm, '-append')[0] ?? '', /tsc/)
  assert.deepEqual(after(kvm, '-cpu'), ['host'])
})

test('more devices than transports are refused', () => {
  const many: VmSpec = { ...spec, drives: Array.from({ length: 30 }, () => spec.drives[1]!) }
  assert.throws(() => qemuCommandLine(many, options), /do not fit/)
})

test('a VM that resumes maps its memory privately, waits for its devices, and stays paused', () => {
  const argv = qemuCommandLine({ ...spec, resume: { ramFile: '/ram,1', stateFile: '/state' } }, options)
  assert.deepEqual(after(argv, '-object'), ['memory-backend-file,id=ram,size=1024M,mem-path=/ram,,1,share=off'])
  assert.deepEqual(after(argv, '-incoming'), ['defer'])
  assert.ok(argv.includes('-S'))
  const booted = qemuCommandLine(spec, options)
  assert.deepEqual(after(booted, '-object'), ['memory-backend-ram,id=ram,size=1024M'])
  assert.deepEqual(
    argv.filter((word) => !booted.includes(word)).length,
    4,
    'all else is the same: the devices must be those of the VM that it was taken of',
  )
})

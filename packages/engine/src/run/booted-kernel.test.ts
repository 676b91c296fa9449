import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Vm } from '../vmm/vmm.ts'
import { bootedKernelPack, noteKernelPack } from './booted-kernel.ts'
import { machineFolder } from './run-folder.ts'

test('the kernel of a machine is the one that it was started with, whatever its VM says; without a record, as of older versions, the VM is asked', async () => {
  const home = await mkdtemp(join(tmpdir(), 'booted-'))
  const vm = {
    overlayFiles: async () => ['/home/runs/1/drives/a.qcow2', '/cache/kernel/another/modules.squashfs'],
  } as unknown as Vm
  try {
    await mkdir(machineFolder(home, 'r', 0), { recursive: true })
    assert.equal(await bootedKernelPack(home, 'r', 0, vm), 'another')
    await noteKernelPack(home, 'r', 0, { folder: '/cache/kernel/true' } as never)
    assert.equal(await bootedKernelPack(home, 'r', 0, vm), 'true')
  } finally {
    await rm(home, { recursive: true })
  }
})

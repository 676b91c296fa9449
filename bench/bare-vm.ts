import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { run } from '@ramet/engine'
import {
  type Accelerator,
  ChannelLink,
  hostTscKhz,
  type KernelPack,
  kernelWords,
  planNetwork,
  qemuCommandLine,
  type RootImage,
  unixPort,
  type VmSpec,
  vmFiles,
  vmSpec,
  writeInitrd,
} from '@ramet/engine/testing'
import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import { testFolder } from '../scripts/testing/test-folders.ts'

/** What somebody without Ramet would have lying ready: the files and the command. */
export interface BareParts {
  readonly pack: KernelPack
  readonly image: RootImage
  readonly plan: RunPlan
  readonly accelerator: Accelerator
}

const longestMs = 240_000

/**
 * Milliseconds from nothing but the prepared initramfs to the login, and to the end of the first command: `qemu-img create` of an overlay, QEMU, login,
 * `true` by root's login shell. The login and the command are those of the engine's own client, which the API uses too.
 * Same kernel, initramfs, disk, devices, memory and CPUs as the run's machine. Without what Ramet adds: no namespace (QEMU's user-mode
 * network instead of a tap), no sandbox, no unprivileged user, no database, nothing synced to the host's disk.
 */
export async function bareStart({
  pack,
  image,
  plan,
  accelerator,
}: BareParts): Promise<{ loginMs: number; firstCommandMs: number }> {
  const folder = testFolder('bare')
  const network = planNetwork('r0000-0', '198.18.0.0/28', plan)
  const initrd = join(folder, 'initrd')
  await writeInitrd(initrd, pack, plan, network, 0)
  const tscKhz = await hostTscKhz()
  let child: ChildProcess | undefined
  let link: ChannelLink | undefined
  try {
    const began = performance.now()
    const overlay = join(folder, 'overlay.qcow2')
    await run([
      'qemu-img',
      'create',
      '-q',
      '-f',
      'qcow2',
      '-b',
      image.disk,
      '-F',
      'qcow2',
      overlay,
      String(plan.machines[0]?.drives[0]?.sizeBytes),
    ])
    const argv = bareCommandLine(specFor(folder, overlay, initrd, { pack, image, plan }), { accelerator, tscKhz, folder })
    const [program, ...args] = argv
    child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] })
    const ended = once(child, 'exit')
    link = new ChannelLink({ ports: { channel: unixPort(vmFiles(folder).guest) }, onReset: () => () => {} })
    await Promise.race([
      link.ready(AbortSignal.timeout(longestMs)),
      ended.then(([code]) => Promise.reject(new Error(`QEMU ended with ${code}`))),
    ])
    const loginMs = performance.now() - began
    const { code } = await link.run('true')
    if (code !== 0) throw new Error(`\`true\` exited ${code}`)
    const firstCommandMs = performance.now() - began
    link.close()
    child.kill('SIGKILL')
    await ended.catch(() => {})
    return { loginMs, firstCommandMs }
  } finally {
    link?.close()
    child?.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  }
}

function specFor(folder: string, overlay: string, initrd: string, { pack, image, plan }: Omit<BareParts, 'accelerator'>): VmSpec {
  const network = planNetwork('r0000-0', '198.18.0.0/28', plan)
  const name = plan.machines[0]?.name ?? ''
  const drives = [
    {
      machine: name,
      index: 0,
      layers: [{ file: image.disk, sizeBytes: image.sizeBytes }],
      overlay: undefined,
      setUp: 'due' as const,
      grownBytes: 0,
      sizeBytes: image.sizeBytes,
    },
  ]
  const spec = vmSpec(
    '/',
    {
      id: '0'.repeat(24),
      shortId: 0,
      plan,
      lease: network.lease,
      drives,
      machines: [],
      resume: undefined,
      waking: undefined,
      isBorrowed: false,
      isBackground: false,
    },
    name,
    network,
    pack,
    kernelWords,
  )
  const [root, ...others] = spec.drives
  if (!root) throw new Error('the machine has no drive')
  if (root.source.kind !== 'qcow2-chain') throw new Error('the root drive has no chain')
  const onOverlay = { ...root, source: { ...root.source, files: [overlay, ...root.source.files] as const } }
  return { ...spec, folder, initrd, drives: [onOverlay, ...others] }
}

/** Ramet's command line without its protections and with a network that needs no tap. */
function bareCommandLine(
  spec: VmSpec,
  { accelerator, tscKhz, folder }: { accelerator: Accelerator; tscKhz: number; folder: string },
): [string, ...string[]] {
  const options = { qemu: 'qemu-system-x86_64', accelerator, tscKhz, jitCacheMiB: 128 }
  const { qmp, console, guest, wake } = vmFiles(folder)
  const paths = new Map(Object.entries({ qmp, console, guest, wake }))
  const [program, ...argv] = qemuCommandLine(spec, options)
  const kept: string[] = []
  for (let at = 0; at < argv.length; at += 1) {
    const [word = '', value = ''] = argv.slice(at, at + 2)
    if (word === '-sandbox' || word === '-add-fd') at += 1
    else if (word === '-chardev') {
      const id = /id=(\w+)/.exec(value)?.[1] ?? ''
      kept.push(word, `socket,id=${id},path=${paths.get(id)},server=on,wait=off`)
      at += 1
    } else if (word === '-netdev') {
      kept.push(word, value.replace(/^tap,(id=\w+),.*/, 'user,$1,restrict=on'))
      at += 1
    } else kept.push(word)
  }
  return [program, ...kept]
}

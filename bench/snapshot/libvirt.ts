import { type ChildProcess, spawn } from 'node:child_process'
import { access, chown, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { run } from '@ramet/engine'
import {
  type Accelerator,
  ChannelLink,
  ensureVmUser,
  hostTscKhz,
  type KernelPack,
  kernelCommandLine,
  kernelWords,
  modulesSerial,
  planNetwork,
  type RootImage,
  settledCommand,
  unixPort,
  type VmUser,
  writeInitrd,
} from '@ramet/engine/testing'
import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import { testFolder } from '../../scripts/testing/test-folders.ts'
import { ended, until } from '../../tests/harness/processes.ts'
import { fillCommand } from './bench-runs.ts'

export interface RivalParts {
  readonly pack: KernelPack
  readonly image: RootImage
  /** Its first machine is the rival's. */
  readonly plan: RunPlan
  readonly filledMiB: number
  readonly accelerator: Accelerator
}

export interface SaveAndRestore {
  readonly save: number[]
  /** To the end of the first command. */
  readonly restore: number[]
}

const bootsWithinMs = 240_000
const programs = ['/usr/sbin/libvirtd', '/usr/bin/virsh']
const install = 'apt-get install --no-install-recommends libvirt-clients libvirt-daemon libvirt-daemon-driver-qemu'

/** Undefined when libvirt is there, else what to do about it. */
export async function whyNoLibvirt(): Promise<string | undefined> {
  const there = await Promise.all(
    programs.map((path) =>
      access(path).then(
        () => true,
        () => false,
      ),
    ),
  )
  return there.every(Boolean) ? undefined : `virsh save and restore are LEFT OUT: libvirt is not installed. ${install}`
}

/** A libvirt daemon of our own, unprivileged and on folders of its own: nothing of the host's is touched. */
class Libvirt implements AsyncDisposable {
  readonly folder: string
  readonly #rights: readonly string[]
  readonly #env: Record<string, string>
  readonly #daemon: ChildProcess

  private constructor(folder: string, user: VmUser) {
    this.folder = folder
    this.#rights = [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups', '--']
    const at = (name: string) => join(folder, name)
    this.#env = { HOME: folder, XDG_RUNTIME_DIR: at('run'), XDG_CONFIG_HOME: at('config'), XDG_CACHE_HOME: at('cache') }
    this.#daemon = spawn('setpriv', [...this.#rights, 'libvirtd'], { env: { ...process.env, ...this.#env }, stdio: 'ignore' })
  }

  static async open(user: VmUser): Promise<Libvirt> {
    const folder = testFolder('lv')
    for (const name of ['run', 'config', 'cache']) await mkdir(join(folder, name))
    for (const name of ['', 'run', 'config', 'cache']) await chown(join(folder, name), user.uid, user.gid)
    const libvirt = new Libvirt(folder, user)
    await until('libvirtd', () => libvirt.virsh('version').then(() => true), 30_000)
    return libvirt
  }

  async virsh(...argv: readonly string[]): Promise<void> {
    await run(['setpriv', ...this.#rights, 'virsh', '-q', '-c', 'qemu:///session', ...argv], {
      env: this.#env,
      timeoutMs: bootsWithinMs,
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.virsh('destroy', 'rival').catch(() => {})
    this.#daemon.kill('SIGTERM')
    await ended(this.#daemon)
    await rm(this.folder, { recursive: true, force: true })
  }
}

/**
 * `virsh save` and `virsh restore` of a VM with the kernel, initramfs, disk, memory and CPUs of a run's machine. It is a q35, since libvirt knows no microvm, and has
 * QEMU's user-mode network.
 */
export async function saveAndRestore(
  parts: RivalParts,
  samples: number,
  progress: (text: string) => void,
): Promise<SaveAndRestore> {
  const user = await ensureVmUser()
  await using libvirt = await Libvirt.open(user)
  const at = (name: string) => join(libvirt.folder, name)
  const [overlay, initrd, saved, socket] = [at('overlay.qcow2'), at('initrd'), at('saved'), at('channel.sock')]
  await run(['qemu-img', 'create', '-q', '-f', 'qcow2', '-b', parts.image.disk, '-F', 'qcow2', overlay])
  await writeInitrd(initrd, parts.pack, parts.plan, planNetwork('r0000-0', '198.18.0.0/28', parts.plan), 0)
  for (const file of [overlay, initrd]) await chown(file, user.uid, user.gid)
  await writeFile(at('rival.xml'), domain(parts, { overlay, initrd, socket, tscKhz: await hostTscKhz() }))
  const linked = async <T>(use: (link: ChannelLink) => Promise<T>): Promise<T> => {
    const link = new ChannelLink({ ports: { channel: unixPort(socket) }, onReset: () => () => {} })
    try {
      await link.ready(AbortSignal.timeout(bootsWithinMs))
      return await use(link)
    } finally {
      link.close()
    }
  }
  const took: SaveAndRestore = { save: [], restore: [] }
  await libvirt.virsh('create', at('rival.xml'))
  await linked(async (link) => {
    await link.run(settledCommand(bootsWithinMs / 2000), { timeoutMs: bootsWithinMs })
    await link.run(fillCommand(parts), { timeoutMs: bootsWithinMs })
  })
  for (let sample = 0; sample < samples; sample += 1) {
    await run(['sync'])
    let began = performance.now()
    await libvirt.virsh('save', 'rival', saved)
    took.save.push(performance.now() - began)
    await run(['sync'])
    began = performance.now()
    await libvirt.virsh('restore', saved)
    await linked((link) => link.run('true'))
    took.restore.push(performance.now() - began)
    progress(`virsh save ${took.save.at(-1)?.toFixed(0)} ms, restore to first command ${took.restore.at(-1)?.toFixed(0)} ms`)
  }
  return took
}

interface DomainFiles {
  readonly overlay: string
  readonly initrd: string
  readonly socket: string
  readonly tscKhz: number
}

function domain({ pack, plan, accelerator }: RivalParts, { overlay, initrd, socket, tscKhz }: DomainFiles): string {
  const [machine] = plan.machines
  if (!machine) throw new Error('the plan has no machine')
  const isKvm = accelerator === 'kvm'
  const words = kernelCommandLine({ commandLine: kernelWords }, { accelerator, tscKhz })
  return `<domain type='${isKvm ? 'kvm' : 'qemu'}'>
  <name>rival</name><memory unit='MiB'>${machine.ramMiB}</memory><vcpu>${machine.cpuCount}</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type><kernel>${pack.kernel}</kernel><initrd>${initrd}</initrd><cmdline>${words}</cmdline></os>
  <features><acpi/></features>
  <cpu mode='${isKvm ? 'host-passthrough' : 'maximum'}'/>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${overlay}'/><target dev='vda' bus='virtio'/><serial>drive-0</serial></disk>
    <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${pack.modules}'/><target dev='vdb' bus='virtio'/><serial>${modulesSerial}</serial><readonly/></disk>
    <interface type='user'><mac address='${machine.interfaces[0]?.mac}'/><model type='virtio'/></interface>
    <channel type='unix'><source mode='bind' path='${socket}'/><target type='virtio' name='ramet.channel'/></channel>
    <serial type='null'/>
    <rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
    <memballoon model='none'/>
  </devices>
</domain>
`
}

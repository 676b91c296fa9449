import { spawn } from 'node:child_process'
import { childEnvironment } from '../process/child-environment.ts'
import { diesWithParent } from '../process/dies-with-parent.ts'
import { sandbox } from './qemu/command-line.ts'

export interface TrialOptions {
  readonly kernel: string
  readonly initrd: string
  readonly qemu?: string
  /** Milliseconds: how long the guest may print nothing, and how long a boot may take in all. */
  readonly patience?: { readonly silentMs: number; readonly allMs: number }
}

/** First line of the kernel pack's init. On a working KVM it comes after about a second, in an emulated host after one (measured: 55 s). */
const token = 'ramet: boot '

/** A kernel that boots prints all the time. */
const defaultPatience = { silentMs: 10_000, allMs: 180_000 }

/**
 * Boots the kernel pack's guest with KVM as runs do, with two CPUs and in QEMU's sandbox, and tells how that went. What it prints decides, and no single bound: a slow guest goes on
 * printing, a hung one does not. QEMU ends with the caller, however that ends.
 */
export async function trialBoot({
  kernel,
  initrd,
  qemu = 'qemu-system-x86_64',
  patience = defaultPatience,
}: TrialOptions): Promise<'booted' | 'hung' | 'ended'> {
  const { promise, resolve } = Promise.withResolvers<'booted' | 'hung' | 'ended'>()
  const machine = ['-machine', 'microvm,acpi=on,pit=off,pic=off,rtc=on,isa-serial=on', '-smp', '2', '-m', '256M']
  const kvm = ['-accel', 'kvm', '-cpu', 'host', '-sandbox', sandbox]
  const guest = ['-kernel', kernel, '-initrd', initrd, '-append', 'console=ttyS0 reboot=t panic=-1 ramet.probe']
  const alone = ['-nodefaults', '-no-user-config', '-display', 'none', '-serial', 'stdio']
  const [program, ...args] = [...diesWithParent, qemu, ...alone, ...machine, ...kvm, ...guest] as const
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: childEnvironment(),
  })
  const hung = () => resolve('hung')
  const silent = setTimeout(hung, patience.silentMs)
  const all = setTimeout(hung, patience.allMs)
  let seen = ''
  child.stdout.on('data', (chunk: Buffer) => {
    silent.refresh()
    seen = (seen + chunk.toString('latin1')).slice(-4096)
    if (seen.includes(token)) resolve('booted')
  })
  child.on('error', () => resolve('ended'))
  child.on('exit', () => resolve('ended'))
  try {
    return await promise
  } finally {
    clearTimeout(silent)
    clearTimeout(all)
    child.kill('SIGKILL')
  }
}

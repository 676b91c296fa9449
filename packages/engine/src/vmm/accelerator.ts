import { spawn } from 'node:child_process'
import { access, constants, readFile } from 'node:fs/promises'
import { writeFileAtomically } from '../disk/files.ts'
import { childEnvironment } from '../process/child-environment.ts'

export interface AcceleratorFound {
  readonly accelerator: 'kvm' | 'tcg'
  /** A sentence for people. */
  readonly reason: string
}

export interface ProbeOptions {
  readonly kernel: string
  readonly initrd: string
  readonly qemu?: string
  /** File that keeps the answer for this boot of the host. */
  readonly cacheFile: string
}

/** First line of the kernel pack's init. On a working KVM it comes after about a second. */
const token = 'ramet: boot '
const probeWithinMs = 10_000

/**
 * Chooses KVM or TCG by a trial boot. /dev/kvm may open and KVM_CREATE_VM succeed, and yet an ordinary kernel hangs at 100 % CPU (seen on a host with a restricted
 * nested KVM): neither the device nor the ioctl tells.
 */
export async function probeAccelerator(options: ProbeOptions): Promise<AcceleratorFound> {
  const bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
  const kept = await readFile(options.cacheFile, 'utf8').then(
    (text) => JSON.parse(text) as AcceleratorFound & { bootId: string; kernel: string },
    () => undefined,
  )
  if (kept?.bootId === bootId && kept.kernel === options.kernel) return { accelerator: kept.accelerator, reason: kept.reason }
  const { isCertain, ...found } = await probe(options)
  // QEMU or the kernel may be missing only for now, so only the result of a real boot is kept.
  if (isCertain) await writeFileAtomically(options.cacheFile, JSON.stringify({ ...found, bootId, kernel: options.kernel }))
  return found
}

async function probe(options: ProbeOptions): Promise<AcceleratorFound & { isCertain: boolean }> {
  try {
    await access('/dev/kvm', constants.R_OK | constants.W_OK)
  } catch {
    return { isCertain: false, accelerator: 'tcg', reason: 'There is no usable /dev/kvm; VMs are emulated, which is slower.' }
  }
  const outcome = await bootWithKvm(options)
  if (outcome === 'ended')
    return {
      isCertain: false,
      accelerator: 'tcg',
      reason: 'QEMU ended before a guest booted with KVM; VMs are emulated, which is slower.',
    }
  if (outcome === 'booted') return { isCertain: true, accelerator: 'kvm', reason: 'A guest booted with KVM.' }
  return {
    isCertain: true,
    accelerator: 'tcg',
    reason: `/dev/kvm is there, but a guest did not boot with it within ${probeWithinMs / 1000} s; VMs are emulated, which is slower.`,
  }
}

async function bootWithKvm({ kernel, initrd, qemu = 'qemu-system-x86_64' }: ProbeOptions): Promise<'booted' | 'hung' | 'ended'> {
  const { promise, resolve } = Promise.withResolvers<'booted' | 'hung' | 'ended'>()
  const machine = 'microvm,acpi=on,pit=off,pic=off,rtc=on,isa-serial=on'
  const argv = [
    '-nodefaults',
    '-no-user-config',
    '-display',
    'none',
    '-machine',
    machine,
    '-accel',
    'kvm',
    '-cpu',
    'host',
    '-m',
    '256M',
  ]
  const child = spawn(
    qemu,
    [...argv, '-kernel', kernel, '-initrd', initrd, '-append', 'console=ttyS0 reboot=t panic=-1 ramet.probe', '-serial', 'stdio'],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: childEnvironment(),
    },
  )
  let seen = ''
  child.stdout.on('data', (chunk: Buffer) => {
    seen = (seen + chunk.toString('latin1')).slice(-4096)
    if (seen.includes(token)) resolve('booted')
  })
  child.on('error', () => resolve('ended'))
  child.on('exit', () => resolve('ended'))
  const timer = setTimeout(() => resolve('hung'), probeWithinMs)
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    child.kill('SIGKILL')
  }
}

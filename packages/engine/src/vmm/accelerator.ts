import { open, readFile } from 'node:fs/promises'
import { RametError } from '@ramet/model/errors/error.ts'
import { writeFileAtomically } from '../disk/files.ts'
import { bootIdOfHost } from './qemu/process.ts'
import { type TrialOptions, trialBoot } from './trial-boot.ts'

/** What the server is told to use. `auto`: KVM where a guest boots with it. */
export type AcceleratorChoice = 'auto' | 'kvm' | 'tcg'

export interface AcceleratorFound {
  readonly accelerator: 'kvm' | 'tcg'
  /** A sentence for people. */
  readonly reason: string
  /** What would make it faster. */
  readonly hint?: string
}

export interface ProbeOptions extends TrialOptions {
  readonly choice: AcceleratorChoice
  /** File that keeps what a trial boot told. Homes may share it. */
  readonly cacheFile: string
  readonly device?: string
}

interface Kept {
  readonly outcome: 'booted' | 'hung'
  /** Of the host. */
  readonly bootId: string
  readonly kernel: string
  /** Milliseconds since 1970. */
  readonly at: number
}

/** A guest that did not boot may do so once the host is less busy, or its administrator has changed something. One that booted did. */
const hungIsKeptMs = 3_600_000

const whyTcg = 'VMs are emulated, which is slower.'

/**
 * Chooses KVM or TCG by a trial boot. /dev/kvm may open and KVM_CREATE_VM succeed, and yet an ordinary kernel hangs at 100 % CPU (seen on a host with a restricted nested KVM): neither the
 * device nor the ioctl tells. The device is looked at each time: a module may have been unloaded, or rights taken away, since a guest booted. Throws `kvm_unusable` where KVM was asked
 * for and cannot be opened.
 */
export async function probeAccelerator(options: ProbeOptions): Promise<AcceleratorFound> {
  const { choice, device = '/dev/kvm' } = options
  if (choice === 'tcg') return { accelerator: 'tcg', reason: `TCG was chosen (RAMET_ACCELERATOR): ${whyTcg}` }
  const closed = await whyClosed(device)
  if (choice === 'kvm') {
    if (closed)
      throw new RametError('kvm_unusable', 503, `KVM was chosen (RAMET_ACCELERATOR). ${closed.reason}`, { hint: closed.hint })
    return { accelerator: 'kvm', reason: 'KVM was chosen (RAMET_ACCELERATOR), and no trial was made.' }
  }
  if (closed) return { accelerator: 'tcg', reason: `${closed.reason} ${whyTcg}`, hint: closed.hint }
  const outcome = (await kept(options)) ?? (await tried(options))
  if (outcome === 'booted') return { accelerator: 'kvm', reason: 'A guest booted with KVM.' }
  if (outcome === 'ended')
    return {
      accelerator: 'tcg',
      reason: `QEMU ended before a guest booted with KVM. ${whyTcg}`,
      hint: 'Try it by hand: qemu-system-x86_64 -accel kvm -nodefaults -display none says what is wrong.',
    }
  return {
    accelerator: 'tcg',
    reason: `${device} is there, but a guest that was tried with it stood still. ${whyTcg}`,
    hint: 'In a VM, let its host pass all of virtualization on (nested). It is tried again an hour later; RAMET_ACCELERATOR=kvm uses it all the same.',
  }
}

/** Undefined: it can be opened. */
async function whyClosed(device: string): Promise<{ readonly reason: string; readonly hint: string } | undefined> {
  try {
    await (await open(device, 'r+')).close()
    return undefined
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EACCES' || code === 'EPERM')
      return {
        reason: `${device} is there, but may not be opened (${code}).`,
        hint: `In a container, pass it on: --device ${device}. Else look at its owner and mode.`,
      }
    return {
      reason: code === 'ENOENT' ? `There is no ${device}.` : `${device} cannot be opened (${code}).`,
      hint: 'On bare metal switch virtualization on in the firmware and load kvm_intel or kvm_amd; in a VM its host must allow nested virtualization.',
    }
  }
}

async function kept({ cacheFile, kernel }: ProbeOptions): Promise<Kept['outcome'] | undefined> {
  const found = await readFile(cacheFile, 'utf8').then(
    (text) => JSON.parse(text) as Kept,
    () => undefined,
  )
  if (found?.bootId !== (await bootIdOfHost()) || found.kernel !== kernel) return undefined
  return found.outcome === 'booted' || Date.now() - found.at < hungIsKeptMs ? found.outcome : undefined
}

async function tried(options: ProbeOptions): Promise<Kept['outcome'] | 'ended'> {
  const outcome = await trialBoot(options)
  // QEMU may be missing only for now.
  if (outcome !== 'ended')
    await writeFileAtomically(
      options.cacheFile,
      JSON.stringify({ outcome, bootId: await bootIdOfHost(), kernel: options.kernel, at: Date.now() } satisfies Kept),
    )
  return outcome
}

import type { Accelerator, VmSpec } from '../vmm.ts'
import type { Jail } from './jail-command-line.ts'
import { vmFiles } from './vm-files.ts'
import { recordText, type VmJail } from './vm-record.ts'

/** Descriptors that QEMU begins with, besides its log on 1 and 2. */
export const descriptors = {
  /** Device state of a VM that resumes. */
  state: 0,
  consoleLog: 3,
  qmp: 10,
  console: 11,
  guest: 12,
  wake: 13,
  tap: (index: number) => 20 + index,
} as const

export interface QemuJailOptions {
  readonly jail: VmJail
  /** Files to be read, from `layOut`; `sealed`: those that VMs have written. */
  readonly sealed: readonly string[]
  readonly read: readonly string[]
  readonly accelerator: Accelerator
  /** Folder that QEMU is installed below: /usr. */
  readonly prefix: string
  /** Path of `native/private-ram.c`, for a VM that resumes. */
  readonly privateRam: string | undefined
}

/** The walls around the QEMU of one VM; pure. It sees its programs, its files, and four devices, and none of them can be changed but its drives. */
export function qemuJail(spec: VmSpec, { jail, sealed, read, accelerator, prefix, privateRam }: QemuJailOptions): Jail {
  const files = vmFiles(spec.folder)
  return {
    uid: jail.uid,
    root: files.root,
    groups: spec.groups ?? [],
    networkNamespace: spec.namespace,
    record: { file: files.process, text: recordText(jail) },
    end: files.exit,
    keep: [descriptors.consoleLog],
    // Made by root in root's folder: QEMU cannot put anything else in their place.
    listen: {
      [descriptors.qmp]: files.qmp,
      [descriptors.console]: files.console,
      [descriptors.guest]: files.guest,
      [descriptors.wake]: files.wake,
    },
    taps: Object.fromEntries(spec.interfaces.map(({ tap }, index) => [descriptors.tap(index), tap])),
    system: [
      ...new Set(['/usr', '/lib', '/lib64', ...(prefix.startsWith('/usr') ? [] : [prefix])]),
      ...(privateRam ? [privateRam] : []),
    ],
    folders: [{ here: files.own, there: jail.inside }],
    sealed,
    read,
    // It connects to the splitter of a cut.
    sockets: 'unix',
    devices: ['null', 'zero', 'urandom', ...(accelerator === 'kvm' ? ['kvm'] : [])],
    environment: {
      PATH: '/usr/bin:/bin',
      LC_ALL: 'C',
      ...(privateRam && spec.resume ? { LD_PRELOAD: privateRam, RAM_FILE: spec.resume.ramFile } : {}),
    },
  }
}

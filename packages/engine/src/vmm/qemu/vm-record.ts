import { readFile } from 'node:fs/promises'
import type { VmIdentity } from '../vmm.ts'
import { argvOf, isAlive, type ProcessId } from './process.ts'
import { vmFiles, vmName } from './vm-files.ts'

/** What `native/jail` writes of a VM before its QEMU begins, so that no QEMU runs that a later server does not know. */
export interface VmRecord extends ProcessId {
  /** Absent: it was started by a version that had one user for all VMs, and no walls between them. */
  readonly jail?: VmJail
}

export interface VmJail {
  /** User and group of this VM's run alone. */
  readonly uid: number
  /** The name under which the VM sees its folder `own`. */
  readonly inside: string
  /** Size of its RAM, since what QEMU says of itself is not to be trusted. */
  readonly ramMiB: number
}

/** The part of the record that the jail does not know by itself. */
export const recordText = (jail: VmJail) => `"jail":${JSON.stringify(jail)}`

export async function readRecord(folder: string): Promise<VmRecord | undefined> {
  const text = await readFile(vmFiles(folder).process, 'utf8').catch(() => undefined)
  try {
    return text === undefined ? undefined : (JSON.parse(text) as VmRecord)
  } catch {
    // It is written whole or not at all, so somebody else damaged it.
    return undefined
  }
}

/** True when the recorded process is there. Without a boot id its arguments must name the VM. */
export async function isThere(record: VmRecord, { runId, machine }: VmIdentity): Promise<boolean> {
  if (!(await isAlive(record))) return false
  return record.bootId !== undefined || (await argvOf(record.pid)).includes(`guest=${vmName(runId, machine)}`)
}

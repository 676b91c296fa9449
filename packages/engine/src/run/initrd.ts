import { readFile } from 'node:fs/promises'
import type { PlanMachine, RunPlan } from '@ramet/model/plan/run-plan.ts'
import { writeFileForThisBoot } from '../disk/files.ts'
import { bootArchive } from '../guest/boot/boot-files.ts'
import type { BootConfig, OnceConfig } from '../guest/guest.ts'
import type { KernelPack } from '../image/cache/artefact.ts'
import { hostsSeenFrom, networksOf, resolverOf } from '../network/dns/name-plan.ts'
import type { NetworkPlan } from '../network/network.ts'
import type { DriveRecord } from './run-record.ts'
import { modulesSerial } from './vm-spec.ts'

/** Drives of a machine as far as its boot has to know them: none are known of a bare VM, which sets everything up and asks nobody. */
export type DueOn = readonly Pick<DriveRecord, 'machine' | 'index' | 'setUp' | 'grownBytes' | 'sizeBytes'>[] | undefined

/** What `guest/agent/native/grow.c` knows. */
const growable = new Set(['ext4', 'xfs', 'btrfs'])

/** What is due at the machine's next boot, once in its lineage: by its rows, never by what its drives contain. Pure. */
function due(plan: RunPlan, machineIndex: number, rows: DueOn): { once: OnceConfig; grow: readonly boolean[] } {
  const { name, drives } = plan.machines[machineIndex] as PlanMachine
  const grow = drives.map(({ mount, filesystem, readOnly }, index) => {
    const row = rows?.find((each) => each.machine === name && each.index === index)
    const canGrow = mount !== undefined && growable.has(filesystem ?? 'ext4') && !readOnly
    return canGrow && (row === undefined || row.grownBytes < row.sizeBytes)
  })
  const setUp = rows?.find((each) => each.machine === name && each.index === 0)?.setUp !== 'done'
  const allowed = rows === undefined ? 'yes' : setUp || grow.includes(true) ? 'ask' : 'no'
  return { once: { allowed, setUp, growRoot: grow[0] ?? false }, grow }
}

/** True when the machine's boot asks the host before it does what is due. */
export const asksAtBoot = (plan: RunPlan, machineIndex: number, rows: DueOn): boolean =>
  due(plan, machineIndex, rows).once.allowed === 'ask'

/** Builds the machine's boot configuration; pure. Its host names agree with the run's resolver, and work also while the resolver is down. */
export function bootConfig(plan: RunPlan, network: NetworkPlan, machineIndex: number, rows?: DueOn): BootConfig {
  const machine = plan.machines[machineIndex]
  const planned = network.machines[machineIndex]
  if (!machine || !planned) throw new Error(`the plan has no machine number ${machineIndex}`)
  const { once, grow } = due(plan, machineIndex, rows)
  const resolver = resolverOf(network, planned)
  return {
    hostname: machine.name,
    hosts: hostsSeenFrom(network, networksOf(planned)),
    interfaces: planned.interfaces.map(({ name, mac, address, prefixLength }, at) => ({
      name,
      mac,
      address,
      prefixLength,
      gateway: machine.interfaces[at]?.gateway,
    })),
    nameservers: resolver === undefined ? [] : [resolver],
    users: machine.users.map(({ name, welcome }) => ({ name, welcome })),
    startupFiles: machine.startupFiles,
    once,
    rerun: plan.rerunInit,
    drives: machine.drives.slice(1).map((drive, at) => ({
      device: `vd${String.fromCharCode('b'.charCodeAt(0) + at)}`,
      mount: drive.mount,
      filesystem: drive.filesystem,
      readOnly: drive.readOnly,
      grow: grow[at + 1] ?? false,
    })),
    isPartitioned: machine.drives[0]?.partitioned !== undefined,
    hasOwnKernel: machine.kernel === 'own',
    modulesSerial,
    isClosed: machine.noSSH,
  }
}

/** The kernel unpacks concatenated archives one after the other (Documentation/driver-api/early-userspace/buffer-format): the pack's, then the machine's own. */
export async function writeInitrd(
  file: string,
  pack: KernelPack,
  plan: RunPlan,
  network: NetworkPlan,
  machineIndex: number,
  rows?: DueOn,
): Promise<void> {
  const base = await readFile(pack.initramfs)
  const padding = new Uint8Array((4 - (base.length % 4)) % 4)
  const own = bootArchive(bootConfig(plan, network, machineIndex, rows))
  // It holds the startup files of the playground, so only root may read it. QEMU opens it before it drops its rights.
  await writeFileForThisBoot(file, Buffer.concat([base, padding, own]), 0o600)
}

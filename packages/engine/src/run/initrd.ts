import { readFile } from 'node:fs/promises'
import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import { writeFileForThisBoot } from '../disk/files.ts'
import { bootArchive } from '../guest/boot/boot-files.ts'
import type { BootConfig, RunKeys } from '../guest/guest.ts'
import type { KernelPack } from '../image/cache/artefact.ts'
import { hostsSeenFrom, networksOf, resolverOf } from '../network/dns/name-plan.ts'
import type { NetworkPlan } from '../network/network.ts'
import { modulesSerial } from './vm-spec.ts'

/** Builds the machine's boot configuration; pure. Its host names agree with the run's resolver, and work also while the resolver is down. */
export function bootConfig(plan: RunPlan, network: NetworkPlan, machineIndex: number, keys: RunKeys): BootConfig {
  const machine = plan.machines[machineIndex]
  const planned = network.machines[machineIndex]
  if (!machine || !planned) throw new Error(`the plan has no machine number ${machineIndex}`)
  const resolver = resolverOf(network, planned)
  return {
    hostname: machine.name,
    keys,
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
    rerun: plan.rerunInit,
    drives: machine.drives.slice(1).map((drive, at) => ({
      device: `vd${String.fromCharCode('b'.charCodeAt(0) + at)}`,
      mount: drive.mount,
      filesystem: drive.filesystem,
      readOnly: drive.readOnly,
    })),
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
  keys: RunKeys,
): Promise<void> {
  const base = await readFile(pack.initramfs)
  const padding = new Uint8Array((4 - (base.length % 4)) % 4)
  const own = bootArchive(bootConfig(plan, network, machineIndex, keys))
  // It holds the platform's private host key, so only root may read it. QEMU opens it before it drops its rights.
  await writeFileForThisBoot(file, Buffer.concat([base, padding, own]), 0o600)
}

import { join } from 'node:path'
import { findHierarchies } from '@ramet/engine/cgroup/hierarchies.ts'
import { linuxCgroups } from '@ramet/engine/cgroup/linux-cgroups.ts'
import { importLayer } from '@ramet/engine/disk/import-layer.ts'
import { qemuDisks } from '@ramet/engine/disk/qemu-disks.ts'
import { qemuLayers } from '@ramet/engine/disk/qemu-layers.ts'
import { sealedFile } from '@ramet/engine/disk/sealed-file.ts'
import { ensureVmUser } from '@ramet/engine/disk/vm-user.ts'
import { sshGuests } from '@ramet/engine/guest/guests.ts'
import { ImageLibrary } from '@ramet/engine/image/library.ts'
import { dnsmasqResolvers } from '@ramet/engine/network/dns/dnsmasq.ts'
import { linuxNetworks } from '@ramet/engine/network/namespace.ts'
import { BootSlots } from '@ramet/engine/run/boot-slots.ts'
import type { Host } from '@ramet/engine/run/host.ts'
import type { HostStamp } from '@ramet/engine/snapshot/stamp.ts'
import { type AcceleratorFound, probeAccelerator } from '@ramet/engine/vmm/accelerator.ts'
import { hostTscKhz } from '@ramet/engine/vmm/host-khz.ts'
import { hostStamp } from '@ramet/engine/vmm/qemu/host-stamp.ts'
import { qemuVmm } from '@ramet/engine/vmm/qemu/qemu.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import { requirePassable } from '../home.ts'
import { defaultImage } from '../images/image-service.ts'
import { hostChecks } from './host-checks.ts'
import { hostNameservers } from './nameservers.ts'
import type { World } from './world.ts'

/** This Linux host: QEMU, namespaces, qcow2. */
export async function openRealWorld(config: Config, installation: string, log: Logger): Promise<World> {
  if (process.getuid?.() !== 0) {
    throw new RametError('not_root', 403, 'The engine needs root: it makes network namespaces and gives QEMU its rights away.', {
      hint: 'Run it as root, or look around without any VM: npm run fake',
    })
  }
  await requirePassable(config.home)
  const user = await ensureVmUser()
  const hierarchies = await findHierarchies()
  const library = await ImageLibrary.open(config.cache)
  let found: AcceleratorFound | undefined
  let probing: Promise<AcceleratorFound> | undefined
  const probe = async () => {
    const pack = await library.requireKernelPack()
    found = await probeAccelerator({
      kernel: pack.kernel,
      initrd: pack.initramfs,
      cacheFile: join(config.home, 'run', 'accelerator.json'),
    })
    log.info(found, 'accelerator chosen')
    return found
  }
  const decided = async () => {
    probing ??= probe()
    try {
      return (await probing).accelerator
    } catch (error) {
      probing = undefined
      throw error
    }
  }
  let stamp: Promise<HostStamp> | undefined
  const host: Host = {
    home: config.home,
    installation,
    vmm: qemuVmm({ user, cacheFolder: config.cache, tscKhz: await hostTscKhz(), accelerator: decided }),
    networks: linuxNetworks({ vmUid: user.uid }),
    cgroups: linuxCgroups(hierarchies),
    resolvers: dnsmasqResolvers,
    disks: qemuDisks(user),
    layers: qemuLayers(user),
    guests: sshGuests(),
    kernelPack: () => library.requireKernelPack(),
    async stamp() {
      stamp ??= hostStamp(await decided())
      return stamp
    },
    boots: new BootSlots(),
    nameservers: hostNameservers,
  }
  return {
    host,
    library,
    async importLayer(from, to) {
      await importLayer(from, to, user.gid)
      return sealedFile(to)
    },
    accelerator: () => found?.accelerator ?? null,
    async warmUp() {
      await decided()
      await library.require(defaultImage)
    },
    doctor: () => hostChecks(found, hierarchies),
  }
}

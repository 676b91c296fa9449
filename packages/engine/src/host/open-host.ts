import { join } from 'node:path'
import { RametError } from '@ramet/model/errors/error.ts'
import { findHierarchies } from '../cgroup/hierarchies.ts'
import { linuxCgroups } from '../cgroup/linux-cgroups.ts'
import { importLayer } from '../disk/import-layer.ts'
import { qemuDisks } from '../disk/qemu-disks.ts'
import { qemuLayers } from '../disk/qemu-layers.ts'
import { sealedFile } from '../disk/sealed-file.ts'
import { findStillWritten } from '../disk/still-written.ts'
import { root } from '../disk/vm-user.ts'
import { realGuests } from '../guest/guests.ts'
import { ImageLibrary } from '../image/library.ts'
import { namedEntries, publicImages } from '../image/oci/named-images.ts'
import { catalog } from '../image/recipes/catalog.ts'
import { dnsmasqResolvers } from '../network/dns/dnsmasq.ts'
import { linuxNetworks } from '../network/namespace.ts'
import { BootSlots } from '../run/boot-slots.ts'
import type { HostParts } from '../run/host-parts.ts'
import { LiveRuns } from '../run/live-runs.ts'
import { leasedUids } from '../run/run-uids.ts'
import type { HostStamp } from '../snapshot/stamp.ts'
import { type AcceleratorChoice, type AcceleratorFound, probeAccelerator } from '../vmm/accelerator.ts'
import { hostTscKhz } from '../vmm/host-khz.ts'
import { hostStamp } from '../vmm/qemu/host-stamp.ts'
import { hostTool } from '../vmm/qemu/host-tools.ts'
import { qemuVmm } from '../vmm/qemu/qemu.ts'
import type { Host } from './host.ts'
import { hostChecks } from './host-checks.ts'
import { localHost } from './local-host.ts'
import { localImages } from './local-images.ts'
import { hostNameservers } from './nameservers.ts'
import { parseUids, requireMapped } from './uid-range.ts'

export interface HostConfig {
  /** RAMET_HOME, absolute: layers, runs and snapshots are below it. */
  readonly home: string
  /** Folder of builds, which can be made again. Several homes may share it. Absolute. */
  readonly cache: string
  /** Four hex digits that tell this installation's host objects from those of others. */
  readonly installation: string
  /** Users of runs, `FIRST-LAST`; the same for every server on this host. Default: 1900000000-1900065535. */
  readonly uids?: string | undefined
  /** Further names of images: what they mean, a reference to a registry or the name of another image. */
  readonly imageNames?: Readonly<Record<string, string>>
  /** What is built from folders with a Dockerfile reaches the host's network. */
  readonly buildNetwork?: boolean
  /** Default: what a trial boot tells. */
  readonly accelerator?: AcceleratorChoice
  /** Called with the accelerator once it is known. */
  onAccelerator(found: { readonly accelerator: string; readonly reason: string }): void
}

/** Opens this Linux host: QEMU, namespaces, qcow2. Throws `not_root`, `uids_not_mapped`. */
export async function openHost({
  home,
  cache,
  installation,
  uids: range,
  imageNames,
  buildNetwork = false,
  accelerator: choice = 'auto',
  onAccelerator,
}: HostConfig): Promise<Host> {
  if (process.getuid?.() !== 0) {
    throw new RametError('not_root', 403, 'The engine needs root: it makes network namespaces and gives QEMU its rights away.', {
      hint: 'Run it as root, or look around without any VM: npm run fake',
    })
  }
  const users = parseUids(range)
  await requireMapped(users)
  const uids = leasedUids(installation, { range: users })
  const hierarchies = await findHierarchies()
  const entries = [...catalog, ...namedEntries(cache, { ...publicImages, ...imageNames }, catalog)]
  const library = await ImageLibrary.open(cache, entries, undefined, { hasNetwork: buildNetwork })
  let found: AcceleratorFound | undefined
  let probing: Promise<AcceleratorFound> | undefined
  const probe = async () => {
    const { kernel, initramfs: initrd } = await library.requireKernelPack()
    found = await probeAccelerator({ choice, kernel, initrd, cacheFile: join(cache, 'accelerator.json') })
    onAccelerator(found)
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
  const guests = realGuests()
  const accelerator = { known: () => found?.accelerator ?? null, decide: decided }
  // The only kind of VM so far.
  const vmm = qemuVmm({ uids, cacheFolder: cache, tscKhz: await hostTscKhz(), accelerator })
  const parts: HostParts = {
    home,
    installation,
    vmmFor: () => vmm,
    networks: linuxNetworks({ vmUid: root.uid }),
    cgroups: linuxCgroups(hierarchies),
    resolvers: dnsmasqResolvers(() => hostTool(cache, 'jail')),
    disks: qemuDisks(root),
    layers: qemuLayers(root),
    findStillWritten: findStillWritten(() => hostTool(cache, 'unwritten')),
    uids,
    guests,
    kernelPack: () => library.requireKernelPack(),
    async stamp() {
      stamp ??= hostStamp(await decided())
      return stamp
    },
    boots: new BootSlots(),
    live: new LiveRuns(guests),
    nameservers: hostNameservers,
  }
  const importFile = async (from: string, to: string) => {
    await importLayer(from, to, root.gid)
    return sealedFile(to)
  }
  return localHost(parts, {
    images: localImages(home, library, importFile),
    accelerator: accelerator.known,
    checks: () => hostChecks(found, hierarchies),
    async warmUp(images) {
      await decided()
      for (const image of images) await library.require(image)
    },
    close: () => library.close(),
  })
}

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Host } from '../../host/host.ts'
import { localHost } from '../../host/local-host.ts'
import { localImages } from '../../host/local-images.ts'
import type { HostConfig } from '../../host/open-host.ts'
import { BootSlots } from '../../run/boot-slots.ts'
import type { HostParts } from '../../run/host-parts.ts'
import { LiveRuns } from '../../run/live-runs.ts'
import { leasedUids } from '../../run/run-uids.ts'
import { fakeCgroups } from './fake-cgroups.ts'
import { fakeDisks, fakeImportLayer } from './fake-disks.ts'
import { fakeGuests } from './fake-guests.ts'
import { openFakeImages } from './fake-images.ts'
import { fakeLayers } from './fake-layers.ts'
import { fakeNetworks } from './fake-networks.ts'
import { fakeResolvers } from './fake-resolvers.ts'
import { fakeVmm } from './fake-vmm.ts'

/** Where a fake host keeps what a real one keeps in its kernel. */
export const fakeHostFolder = (home: string) => join(home, 'fake-host')

/** Pretend VMs, networks, disks and images below the home: needs no root and no QEMU. */
export async function openFakeHost({ home, cache, installation, imageNames = {} }: HostConfig): Promise<Host> {
  // Apart from real ones: a cache may be shared by several homes.
  const fakeCache = join(cache, 'fake')
  await mkdir(fakeCache, { recursive: true })
  const library = await openFakeImages(fakeCache, imageNames)
  const folder = fakeHostFolder(home)
  const parts: HostParts = {
    home,
    installation,
    vmmFor: () => fakeVmm,
    networks: fakeNetworks(folder),
    cgroups: fakeCgroups(folder),
    resolvers: fakeResolvers(folder),
    disks: fakeDisks,
    layers: fakeLayers,
    findStillWritten: async () => undefined,
    // Its pretend VMs are of the user that tests run as.
    uids: leasedUids(installation, { folder: join(folder, 'uids') }),
    guests: fakeGuests,
    kernelPack: () => library.requireKernelPack(),
    stamp: async () => ({ cpu: 'pretend', vmm: 'pretend' }),
    boots: new BootSlots(),
    live: new LiveRuns(fakeGuests),
    nameservers: async () => ['192.0.2.53'],
  }
  return localHost(parts, {
    images: localImages(home, library, fakeImportLayer),
    accelerator: () => 'fake',
    checks: async () => [
      { name: 'world', status: 'ok', message: 'This is the fake world: no VM is real.', hint: 'Real ones: npm start' },
    ],
    async warmUp(images) {
      await library.requireKernelPack()
      for (const image of images) await library.require(image)
    },
    close: () => library.close(),
  })
}

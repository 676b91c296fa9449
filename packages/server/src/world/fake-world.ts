import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { BootSlots } from '@ramet/engine/run/boot-slots.ts'
import { fakeCgroups } from '@ramet/engine/testing/fake/fake-cgroups.ts'
import { fakeDisks, fakeImportLayer } from '@ramet/engine/testing/fake/fake-disks.ts'
import { fakeGuests } from '@ramet/engine/testing/fake/fake-guests.ts'
import { openFakeImages } from '@ramet/engine/testing/fake/fake-images.ts'
import { fakeLayers } from '@ramet/engine/testing/fake/fake-layers.ts'
import { fakeNetworks } from '@ramet/engine/testing/fake/fake-networks.ts'
import { fakeResolvers } from '@ramet/engine/testing/fake/fake-resolvers.ts'
import { fakeVmm } from '@ramet/engine/testing/fake/fake-vmm.ts'
import type { Config } from '../config.ts'
import { kernelPackName } from '../images/image-service.ts'
import type { World } from './world.ts'

/** Where the fake world keeps what the real one keeps in the host's kernel. */
export const fakeHostFolder = (home: string) => join(home, 'fake-host')

/** Pretend VMs, networks, disks and images below the home: needs no root and no QEMU. */
export async function openFakeWorld(config: Config, installation: string): Promise<World> {
  // Apart from real ones: a cache may be shared by several homes.
  const cache = join(config.cache, 'fake')
  await mkdir(cache, { recursive: true })
  const library = await openFakeImages(cache)
  return {
    host: {
      home: config.home,
      installation,
      vmm: fakeVmm,
      networks: fakeNetworks(fakeHostFolder(config.home)),
      cgroups: fakeCgroups(fakeHostFolder(config.home)),
      resolvers: fakeResolvers(fakeHostFolder(config.home)),
      disks: fakeDisks,
      layers: fakeLayers,
      guests: fakeGuests,
      kernelPack: () => library.requireKernelPack(),
      stamp: async () => ({ cpu: 'pretend', vmm: 'pretend' }),
      boots: new BootSlots(),
      nameservers: async () => ['192.0.2.53'],
    },
    library,
    importLayer: fakeImportLayer,
    accelerator: () => 'fake',
    async warmUp() {
      await Promise.all([library.require(kernelPackName), library.require('debian-stable')])
    },
    async doctor() {
      return [{ name: 'world', status: 'ok', message: 'This is the fake world: no VM is real.', hint: 'Real ones: npm start' }]
    },
  }
}

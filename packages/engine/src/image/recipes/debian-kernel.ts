import type { RootImageRecipe } from '../build/root-image.ts'
import { debianBase } from './debian-stable.ts'

const kernels: Partial<Record<NodeJS.Architecture, string>> = { x64: 'linux-image-amd64', arm64: 'linux-image-arm64' }

/**
 * Debian with a kernel of its own, as a server has it, for machines with `kernel: own`. GRUB's tools write its configuration inside (`update-grub`); until then the newest
 * kernel boots.
 */
export const debianKernel: RootImageRecipe = {
  name: 'debian-kernel',
  root: {
    ...debianBase,
    packages: [...debianBase.packages, kernels[process.arch] ?? 'linux-image-amd64', 'initramfs-tools', 'zstd', 'grub2-common'],
    // Two thirds of 400 MB, for hardware that no machine has.
    excluded: ['gpu', 'infiniband', 'iio', 'media', 'net/ethernet', 'net/wireless', 'staging', 'video']
      .map((drivers) => `/lib/modules/*/kernel/drivers/${drivers}/*`)
      .concat('/lib/modules/*/kernel/sound/*'),
    // All drivers there are would make an initramfs of 40 MB, which under TCG takes seconds at every boot and minutes at every update.
    initramfsModules: [
      'virtio_mmio',
      'virtio_pci',
      'virtio_blk',
      'virtio_scsi',
      'virtio_net',
      'virtio_console',
      'ext4',
      'overlay',
    ],
  },
  sizeMiB: 2048,
}

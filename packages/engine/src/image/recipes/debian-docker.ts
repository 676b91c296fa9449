import type { RootImageRecipe } from '../build/root-image.ts'
import { debianBase } from './debian-stable.ts'

/** Debian's own Docker. Without apparmor's parser it starts no container on a kernel that has AppArmor. */
const docker = ['docker.io', 'containerd', 'runc', 'apparmor', 'iptables']

export const debianDocker: RootImageRecipe = {
  name: 'debian-docker',
  root: {
    ...debianBase,
    // busybox: for an image of one's own where no registry is at hand.
    packages: [...debianBase.packages, ...docker, 'busybox-static'],
  },
  sizeMiB: 2048,
}

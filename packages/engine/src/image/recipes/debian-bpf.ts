import type { RootImageRecipe } from '../build/root-image.ts'
import { debianBase } from './debian-stable.ts'

/** Tools to write, load and watch programs in the kernel: a compiler for BPF, libbpf's headers, bpftool, bpftrace. */
export const debianBpf: RootImageRecipe = {
  name: 'debian-bpf',
  root: {
    ...debianBase,
    packages: [...debianBase.packages, 'bpftrace', 'bpftool', 'clang', 'libbpf-dev', 'make'],
  },
  sizeMiB: 3072,
}

import { findProgram } from './find-program.ts'

/** Every program that the engine runs, with the Debian package that brings it. `npm start` installs them (scripts/debian-packages.json). */
export const debianPackages = {
  'qemu-system-x86_64': 'qemu-system-x86',
  'qemu-img': 'qemu-utils',
  'qemu-io': 'qemu-utils',
  mmdebstrap: 'mmdebstrap',
  ip: 'iproute2',
  nft: 'nftables',
  dnsmasq: 'dnsmasq-base',
  sysctl: 'procps',
  useradd: 'passwd',
  mke2fs: 'e2fsprogs',
  e2fsck: 'e2fsprogs',
  depmod: 'kmod',
  lz4: 'lz4',
  xz: 'xz-utils',
  busybox: 'busybox-static',
  'musl-gcc': 'musl-tools',
  gcc: 'gcc',
  // What QEMU loads is compiled against its own libc (vmm/qemu/native/private-ram.c).
  '/usr/include/fcntl.h': 'libc6-dev',
  make: 'make',
  bzip2: 'bzip2',
  patch: 'patch',
  'apt-get': 'apt',
  'dpkg-deb': 'dpkg',
  'dpkg-source': 'dpkg-dev',
  setpriv: 'util-linux',
  prlimit: 'util-linux',
  unshare: 'util-linux',
  nsenter: 'util-linux',
  fallocate: 'util-linux',
} as const satisfies Record<string, string>

export interface MissingProgram {
  readonly program: string
  readonly debianPackage: string
}

/** Programs of the list that this host lacks, in the list's order. */
export async function missingPrograms(programs: readonly string[] = Object.keys(debianPackages)): Promise<MissingProgram[]> {
  const missing: MissingProgram[] = []
  for (const program of programs) {
    const debianPackage = (debianPackages as Record<string, string>)[program]
    if (debianPackage !== undefined && (await findProgram(program)) === undefined) missing.push({ program, debianPackage })
  }
  return missing
}

/** The command that installs them; undefined when nothing is missing. */
export function installCommand(missing: readonly MissingProgram[]): string | undefined {
  if (missing.length === 0) return undefined
  return `apt-get install -y ${[...new Set(missing.map(({ debianPackage }) => debianPackage))].join(' ')}`
}

import type { DebianRoot } from '../build/debian-root.ts'
import { buildRootImage, type ForcedBuild, type RootImageRecipe } from '../build/root-image.ts'
import type { RootImage } from '../cache/artefact.ts'

const systemd = ['systemd', 'systemd-sysv', 'dbus', 'udev', 'kmod']
const shells = ['bash', 'perl', 'sudo', 'less', 'nano', 'procps', 'ca-certificates', 'curl', 'sqlite3']
const network = ['iproute2', 'iputils-ping', 'traceroute', 'tcpdump', 'openssh-client', 'nftables', 'netbase']
const disks = ['e2fsprogs', 'fdisk', 'gdisk']

/** What every image of ours with Debian and systemd starts from. */
export const debianBase: DebianRoot = {
  suite: 'bookworm',
  packages: [...systemd, ...shells, ...network, ...disks],
  masked: [
    // Run at boot or soon after and take the only core while somebody waits for a prompt.
    'apt-daily.timer',
    'apt-daily-upgrade.timer',
    'dpkg-db-backup.timer',
    'e2scrub_all.timer',
    'e2scrub_reap.service',
    'fstrim.timer',
    'systemd-pstore.service',
    // Half a second for graphics that no machine has.
    'modprobe@drm.service',
    // The serial line belongs to the platform's own root shell; there is no screen.
    'serial-getty@ttyS0.service',
    'getty@tty1.service',
    'console-getty.service',
  ],
  files: {
    // Empty: made at the first boot, and that boot is no "first boot" with questions (machine-id(5)).
    '/etc/machine-id': '',
    // Newer than /usr: nothing is to be brought up to date at the first boot (systemd-update-done.service(8)).
    '/etc/.updated': '',
    '/var/.updated': '',
    '/etc/hosts': '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n',
    '/etc/systemd/journald.conf.d/playground.conf': '[Journal]\nSystemMaxUse=64M\n',
    '/root/.bashrc':
      "# ~/.bashrc: executed by bash(1) for non-login shells.\nexport LS_OPTIONS='--color=auto'\nalias ls='ls $LS_OPTIONS'\nalias ll='ls $LS_OPTIONS -l'\n",
  },
  removed: [
    '/var/lib/dbus/machine-id',
    '/var/lib/systemd/random-seed',
    '/var/lib/systemd/credential.secret',
    '/root/.ssh',
    '/root/.bash_history',
  ],
}

export const debianStable: RootImageRecipe = { name: 'debian-stable', root: debianBase, sizeMiB: 1024 }

/** Debian's stable release with systemd and the tools that one reaches for. */
export const buildDebianStable = (options: ForcedBuild): Promise<RootImage> => buildRootImage(debianStable, options)

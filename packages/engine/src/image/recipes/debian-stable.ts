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
    // Records of boots for who(1) and last(1), each by a program of its own.
    'systemd-update-utmp.service',
    'systemd-update-utmp-runlevel.service',
    // Filesystems that hardly anybody looks at; whoever does mounts them. debugfs and tracefs are there.
    'dev-hugepages.mount',
    'sys-kernel-config.mount',
    'sys-fs-fuse-connections.mount',
    // Loaded when they are first used (modprobe.d(5), devname aliases).
    'modprobe@configfs.service',
    'modprobe@fuse.service',
    'modprobe@loop.service',
    'modprobe@dm_mod.service',
    // Nobody is asked for a password at boot, and nobody speaks to /dev/initctl.
    'systemd-ask-password-console.path',
    'systemd-ask-password-wall.path',
    'systemd-initctl.socket',
    // The serial line belongs to the platform's own root shell; there is no screen.
    'serial-getty@ttyS0.service',
    'getty@tty1.service',
    'console-getty.service',
  ],
  // No GPT to find drives by, no hibernation, no dm-verity or dm-integrity, no offline updates, no words for systemd on the kernel's command line, no getty.
  maskedGenerators: [
    'debug',
    'getty',
    'gpt-auto',
    'hibernate-resume',
    'integritysetup',
    'run',
    'system-update',
    'veritysetup',
  ].map((name) => `systemd-${name}-generator`),
  files: {
    // At boot udev is told once more of devices that were there before it. Of all, with 100 terminals, memory banks and buses, that took 2 s of a core under TCG. The initramfs
    // has loaded the drivers; what appears later is handled as ever; modules for features of the CPU are loaded when they are first used.
    '/etc/systemd/system/systemd-udev-trigger.service.d/playground.conf': `[Service]\nExecStart=\nExecStart=-udevadm trigger --type=devices --action=add ${['acpi', 'block', 'input', 'misc', 'net'].map((subsystem) => `--subsystem-match=${subsystem}`).join(' ')}\n`,
    // Memory and tasks of each unit would be counted, in control groups that are made and removed at each start: 1 s.
    '/etc/systemd/system.conf.d/playground.conf': '[Manager]\nDefaultMemoryAccounting=no\nDefaultTasksAccounting=no\n',
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

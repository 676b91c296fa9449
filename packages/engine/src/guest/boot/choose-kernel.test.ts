import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'

// The script as the initramfs runs it: by busybox alone.
const script = new URL('./initramfs/choose-kernel', import.meta.url).pathname
const folder = mkdtempSync(join(tmpdir(), 'choose-'))
const bin = join(folder, 'bin')
mkdirSync(bin)
spawnSync('/usr/bin/busybox', ['--install', '-s', bin])
after(() => rmSync(folder, { recursive: true }))

let count = 0
/** What is chosen of a root with these files; each needs a content or is empty. */
function choose(files: Record<string, string>): { kernel?: string; initrds?: string; words?: string; wrong?: string } {
  const root = join(folder, `root-${++count}`)
  for (const [path, text] of Object.entries({ '/etc/hostname': 'x', ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  const { status, stdout, stderr } = spawnSync('/usr/bin/busybox', ['sh', script, root, 'root=/dev/vda ro'], {
    env: { PATH: bin },
    encoding: 'utf8',
  })
  if (status !== 0) return { wrong: stderr.trim() }
  const [kernel = '', initrds = '', words = ''] = stdout.split('\n')
  return { kernel, initrds, words: words.trim() }
}

const kernels = (...versions: string[]) =>
  Object.fromEntries(
    versions.flatMap((version) => [
      [`/boot/vmlinuz-${version}`, 'k'],
      [`/boot/initrd.img-${version}`, 'i'],
    ]),
  )

const grub = (choice: string) => `
if [ -s $prefix/grubenv ]; then
  load_env
fi
if [ "\${next_entry}" ] ; then
   set default="\${next_entry}"
   set next_entry=
   save_env next_entry
else
   set default="${choice}"
fi
function savedefault {
  if [ -z "\${boot_once}" ]; then
    saved_entry="\${chosen}"
  fi
}
menuentry 'Debian GNU/Linux' --class debian --class os $menuentry_id_option 'gnulinux-simple-1234' {
	load_video
	if [ x$grub_platform = xxen ]; then insmod xzio; insmod lzopio; fi
	echo	'Loading Linux 6.1.0-50-amd64 ...'
	linux	/boot/vmlinuz-6.1.0-50-amd64 root=UUID=1234 ro  quiet
	initrd	/boot/initrd.img-6.1.0-50-amd64
}
submenu 'Advanced options for Debian GNU/Linux' $menuentry_id_option 'gnulinux-advanced-1234' {
	menuentry 'Debian GNU/Linux, with Linux 6.1.0-50-amd64' --class debian $menuentry_id_option 'gnulinux-6.1.0-50-amd64-advanced-1234' {
		linux	/boot/vmlinuz-6.1.0-50-amd64 root=UUID=1234 ro  quiet
		initrd	/boot/initrd.img-6.1.0-50-amd64
	}
	menuentry 'Debian GNU/Linux, with Linux 6.1.0-50-amd64 (recovery mode)' $menuentry_id_option 'gnulinux-6.1.0-50-amd64-recovery-1234' {
		linux	/boot/vmlinuz-6.1.0-50-amd64 root=UUID=1234 ro single
		initrd	/boot/initrd.img-6.1.0-50-amd64
	}
	menuentry 'Debian GNU/Linux, with Linux 6.1.0-47-amd64' $menuentry_id_option 'gnulinux-6.1.0-47-amd64-advanced-1234' {
		linux	/boot/vmlinuz-6.1.0-47-amd64 root=UUID=1234 ro  quiet $kernelopts
		initrd	/boot/early.img /boot/initrd.img-6.1.0-47-amd64
	}
}
`
const both = { ...kernels('6.1.0-50-amd64', '6.1.0-47-amd64'), '/boot/early.img': 'e' }
const newest = {
  kernel: '/boot/vmlinuz-6.1.0-50-amd64',
  initrds: '/boot/initrd.img-6.1.0-50-amd64',
  words: 'root=UUID=1234 ro quiet',
}
const older = {
  kernel: '/boot/vmlinuz-6.1.0-47-amd64',
  initrds: '/boot/early.img /boot/initrd.img-6.1.0-47-amd64',
  words: 'root=UUID=1234 ro quiet',
}

test('GRUB’s default is taken by number, title, id, and by their paths through submenus', () => {
  const at = (choice: string) => choose({ ...both, '/boot/grub/grub.cfg': grub(choice) })
  assert.deepEqual(at('0'), newest)
  assert.deepEqual(at('Debian GNU/Linux'), newest)
  assert.deepEqual(at('1>2'), older)
  assert.deepEqual(at('Advanced options for Debian GNU/Linux>Debian GNU/Linux, with Linux 6.1.0-47-amd64'), older)
  assert.deepEqual(at('gnulinux-advanced-1234>gnulinux-6.1.0-47-amd64-advanced-1234'), older)
  assert.equal(at('1>1').words, 'root=UUID=1234 ro single')
  assert.deepEqual(at('1'), newest)
  assert.deepEqual(at('no such entry'), newest)
})

test('a saved entry of GRUB is taken from its environment', () => {
  const files = { ...both, '/boot/grub/grub.cfg': grub(['$', '{saved_entry}'].join('')) }
  assert.deepEqual(choose(files), newest)
  const saved = { '/boot/grub/grubenv': '# GRUB Environment Block\nsaved_entry=1>2\nkernelopts=selinux=0\n####' }
  assert.deepEqual(choose({ ...files, ...saved }), { ...older, words: 'root=UUID=1234 ro quiet selinux=0' })
})

test('what a boot loader names and is not there is told with the name', () => {
  const { wrong } = choose({ ...kernels('6.1.0-47-amd64'), '/boot/grub/grub.cfg': grub('0') })
  assert.equal(wrong, 'the kernel /boot/vmlinuz-6.1.0-50-amd64, which /boot/grub/grub.cfg names, is not there')
  assert.match(choose({ '/boot/grub/grub.cfg': 'set default="0"\n' }).wrong ?? '', /has no entry with a kernel/)
  assert.equal(choose({}).wrong, 'its root has no kernel in /boot')
})

test('entries of the Boot Loader Specification: the chosen one, else the newest that is not for rescue', () => {
  const entry = (version: string) =>
    `title Fedora\nversion ${version}\nlinux /vmlinuz-${version}\ninitrd /initrd.img-${version}\noptions root=UUID=9 ro $kernelopts\n`
  const files = {
    ...kernels('6.9.1-200', '6.10.2-100', '0-rescue'),
    '/boot/grub2/grub.cfg': 'insmod blscfg\nblscfg\n',
    '/boot/loader/entries/abc-6.9.1-200.conf': entry('6.9.1-200'),
    '/boot/loader/entries/abc-6.10.2-100.conf': entry('6.10.2-100'),
    '/boot/loader/entries/abc-0-rescue.conf': entry('0-rescue'),
  }
  assert.deepEqual(choose(files), {
    kernel: '/boot/vmlinuz-6.10.2-100',
    initrds: '/boot/initrd.img-6.10.2-100',
    words: 'root=UUID=9 ro',
  })
  assert.equal(choose({ ...files, '/boot/grub2/grubenv': 'saved_entry=abc-6.9.1-200\n' }).kernel, '/boot/vmlinuz-6.9.1-200')
})

test('extlinux and syslinux: paths from their own folder, an initramfs among the words', () => {
  const alpine =
    'DEFAULT virt\nMENU TITLE Alpine\nLABEL lts\n  LINUX vmlinuz-lts\nLABEL virt\n  MENU DEFAULT\n  LINUX vmlinuz-virt\n  INITRD initramfs-virt\n  APPEND root=UUID=7 modules=ext4 quiet\n'
  assert.deepEqual(choose({ '/boot/extlinux.conf': alpine, '/boot/vmlinuz-virt': '', '/boot/initramfs-virt': '' }), {
    kernel: '/boot/vmlinuz-virt',
    initrds: '/boot/initramfs-virt',
    words: 'root=UUID=7 modules=ext4 quiet',
  })
  const plain =
    'default linux\nlabel linux\n kernel /boot/vmlinuz-1\n append initrd=/boot/one.img,/boot/two.img root=/dev/vda1 rw\n'
  assert.deepEqual(
    choose({ '/boot/syslinux/syslinux.cfg': plain, '/boot/vmlinuz-1': '', '/boot/one.img': '', '/boot/two.img': '' }),
    {
      kernel: '/boot/vmlinuz-1',
      initrds: '/boot/one.img /boot/two.img',
      words: 'root=/dev/vda1 rw',
    },
  )
})

test('without a boot loader the newest kernel is taken, with its initramfs if there is one', () => {
  assert.deepEqual(choose(kernels('6.1.0-9-amd64', '6.1.0-50-amd64')), {
    kernel: '/boot/vmlinuz-6.1.0-50-amd64',
    initrds: '/boot/initrd.img-6.1.0-50-amd64',
    words: 'root=/dev/vda ro',
  })
  assert.deepEqual(choose({ '/boot/vmlinuz': '' }), { kernel: '/boot/vmlinuz', initrds: '-', words: 'root=/dev/vda ro' })
})

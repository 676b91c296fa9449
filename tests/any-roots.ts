import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { debianFiles, testImage } from '@ramet/engine/testing'
import { finish } from './harness/processes.ts'
import { testCache } from './harness/server.ts'

/** A root filesystem as somebody may bring it, and what a machine of it is then. */
export interface AnyRoot {
  /** Packages of Debian whose files it has. */
  readonly packages: readonly string[]
  /** Texts by path; those with `#!` can be executed. */
  readonly files: Readonly<Record<string, string>>
  /** Targets by path. */
  readonly links?: Readonly<Record<string, string>>
  /** Of C: a program by path, linked with musl. */
  readonly programs?: Readonly<Record<string, string>>
  readonly config?: Readonly<Record<string, unknown>>
  /** What /proc/1/comm says. */
  readonly init: string
  /** What its own init has written to /run/came-up; absent: it has none. */
  readonly cameUp?: string
}

const inittab = (lines: readonly string[]) => ({ 'etc/inittab': `${lines.join('\n')}\n` })
const says = (text: string) => `#!/bin/sh\necho ${text} >>/run/came-up\n`
const busyboxInit = { 'sbin/init': '/bin/busybox' }
const selinux = ['libselinux1', 'libpcre2-8-0', 'libc6']

export const anyRoots = {
  // As Alpine has it.
  openrc: {
    packages: ['openrc', 'librc1', 'libeinfo1', 'libpam0g', 'libaudit1', 'libcap-ng0', ...selinux],
    files: {
      ...inittab([
        '::sysinit:/sbin/openrc sysinit',
        '::sysinit:/sbin/openrc boot',
        '::wait:/sbin/openrc default',
        'tty1::respawn:/sbin/getty 38400 tty1',
        '::ctrlaltdel:/sbin/reboot',
        '::shutdown:/sbin/openrc shutdown',
      ]),
      'etc/init.d/own-service': '#!/sbin/openrc-run\nstart() {\n  echo "$RC_RUNLEVEL $RC_SVCNAME" >>/run/came-up\n}\n',
    },
    links: { ...busyboxInit, 'etc/runlevels/default/own-service': '/etc/init.d/own-service' },
    init: 'init',
    cameUp: 'default own-service',
  },
  busybox: {
    packages: [],
    files: { ...inittab(['::sysinit:/etc/begin', '::respawn:/bin/sleep 1000']), 'etc/begin': says('inittab') },
    links: busyboxInit,
    init: 'init',
    cameUp: 'inittab',
  },
  sysvinit: {
    packages: ['sysvinit-core', ...selinux],
    files: {
      ...inittab([
        'id:2:initdefault:',
        'si::sysinit:/etc/begin',
        'l0:0:wait:/sbin/halt -d -f -p',
        'l6:6:wait:/sbin/reboot -d -f',
      ]),
      'etc/begin': says('sysinit'),
    },
    init: 'init',
    cameUp: 'sysinit',
  },
  // For containers: an init by name alone, with an inittab for what is not there, as in Alpine's.
  app: {
    packages: ['musl'],
    files: {
      ...inittab(['::sysinit:/sbin/openrc sysinit', 'tty1::respawn:/sbin/getty 38400 tty1']),
      'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/srv/app:/bin/sh\n',
      'etc/group': 'root:x:0:\napp:x:1000:\n',
      'etc/profile': 'export PATH=/bin\n',
      'srv/app/main': '#!/bin/sh\necho the application\n',
    },
    links: busyboxInit,
    programs: { 'srv/app/tool': '#include <stdio.h>\nint main(void) { puts("linked with musl"); }\n' },
    config: {
      Env: ['PATH=/srv/app:/bin', 'COLOUR=blue sky'],
      WorkingDir: '/srv/app',
      User: 'app',
      Entrypoint: ['/srv/app/main'],
    },
    init: 'pid1',
  },
} as const satisfies Readonly<Record<string, AnyRoot>>

const applets = [
  'sh',
  'cat',
  'cut',
  'date',
  'echo',
  'env',
  'getty',
  'grep',
  'hostname',
  'id',
  'ls',
  'mkdir',
  'mount',
  'ping',
  'rm',
  'sed',
  'sleep',
  'stat',
  'sync',
  'tr',
  'umount',
  'uname',
  'wc',
]

/** An image of such a root with Debian's static busybox, as one layer. `mark`: makes it another one than those of other tests. */
export async function imageOf(root: AnyRoot, scratch: string, mark: string) {
  const folder = await mkdtemp(join(scratch, 'root-'))
  const [first, ...others] = root.packages
  if (first !== undefined) await debianFiles(testCache, [first, ...others], folder)
  const put = async (path: string, content: string | Buffer, mode = 0o644) => {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), content)
    await chmod(join(folder, path), mode)
  }
  const link = async (path: string, target: string) => {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await symlink(target, join(folder, path))
  }
  await put('bin/busybox', await readFile('/usr/bin/busybox'), 0o755)
  for (const name of applets) await link(`bin/${name}`, 'busybox')
  for (const [path, text] of Object.entries(root.files)) await put(path, text, text.startsWith('#!') ? 0o755 : 0o644)
  for (const [path, target] of Object.entries(root.links ?? {})) await link(path, target)
  for (const [path, text] of Object.entries(root.programs ?? {})) {
    await put(`${path}.c`, text)
    await must(['musl-gcc', '-o', join(folder, path), join(folder, `${path}.c`)])
  }
  await put('etc/mark', mark)
  await put('etc/appended', 'of the image\n')
  const layer = `${folder}.tar`
  await must(['tar', '--numeric-owner', '--owner=0', '--group=0', '-C', folder, '-cf', layer, '.'])
  try {
    return testImage([await readFile(layer)], { compress: 'none', config: root.config ?? {} })
  } finally {
    await Promise.all([folder, layer].map((each) => rm(each, { recursive: true })))
  }
}

async function must(argv: readonly string[]): Promise<void> {
  const { code, stderr } = await finish(argv)
  if (code !== 0) throw new Error(`${argv[0]}: ${stderr}`)
}

import { cpSync, existsSync, mkdirSync, realpathSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { debianMirror, hostAcquireSettings, sourceLines } from '@ramet/engine/testing'
import { finish } from '../../tests/harness/processes.ts'

/** What a newcomer has before anything of ours: certificates, a way to get the sources, and `mount`, which Debian requires (Priority: required) and apt's variant leaves out. */
const packages = ['ca-certificates', 'git', 'mount']
/** How this host reaches its mirrors and its registry, where it says so in files. */
const hostSettings = [
  '/etc/apt',
  '/etc/ssl/certs',
  '/usr/local/share/ca-certificates',
  '/etc/npmrc',
  '/usr/local/etc/npmrc',
  '/root/.npmrc',
]
/** The same, where it says so in its environment. */
const hostVariables =
  /^(https?_proxy|no_proxy|npm_config_.*|NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR)|CURL_CA_BUNDLE|GIT_SSL_CAINFO)$/i

/** A new Debian 12 in a folder, with this host's Node 20 and its settings for mirrors and registries, and nothing else. */
export async function makeDebianRoot(folder: string): Promise<void> {
  const apt = (await hostAcquireSettings()).map((setting) => `--aptopt=${setting.replace(/;$/, '')}`)
  const sources = sourceLines(await debianMirror(), 'bookworm').join('\n')
  const made = await finish(['mmdebstrap', '--variant=apt', `--include=${packages.join(',')}`, ...apt, 'bookworm', folder, '-'], {
    stdin: `${sources}\n`,
    timeoutMs: 15 * 60_000,
  })
  if (made.code !== 0) throw new Error(`mmdebstrap: ${made.stderr.slice(-2000)}`)
  // The host's take its place.
  rmSync(join(folder, 'etc/apt/sources.list'), { force: true })
  for (const path of [...hostSettings, ...Object.values(environmentOfHost()).filter((value) => value.startsWith('/'))])
    if (existsSync(path)) cpSync(path, join(folder, path), { recursive: true, dereference: true, force: true })
  copyNode(folder)
  for (const path of ['proc', 'sys', 'dev', 'run', 'tmp']) mkdirSync(join(folder, path), { recursive: true })
  cpSync('/etc/resolv.conf', join(folder, 'etc/resolv.conf'), { dereference: true })
}

/** The machine's own, not the locked one that this process may run under. */
function copyNode(folder: string): void {
  const folders = (process.env.PATH ?? '').split(':').filter((path) => !path.includes('node_modules'))
  const find = (name: string) => folders.map((path) => join(path, name)).find((path) => existsSync(path)) ?? ''
  const bin = join(folder, 'usr/local/bin')
  cpSync(realpathSync(find('node')), join(bin, 'node'))
  // …/lib/node_modules/npm/bin/npm-cli.js
  const npm = dirname(dirname(realpathSync(find('npm'))))
  const modules = join(folder, 'usr/local/lib/node_modules/npm')
  cpSync(npm, modules, { recursive: true, dereference: true })
}

export function environmentOfHost(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (hostVariables.test(name) && value ? [[name, value]] : [])),
  )
}

/**
 * Goes into the root in mount and process namespaces of its own and executes the rest of the arguments: `sh -c SCRIPT ROOT COMMAND…`. What is mounted and whoever
 * runs inside ends with it. It is the namespace's own root and no chroot, in which the kernel makes no user namespaces. The network is the host's: mirrors and registries are reached as the host reaches them.
 */
export const enterRoot = `set -e
mount --make-rprivate /
mount --bind "$0" "$0"
mount -t proc proc "$0/proc"
mount --rbind /sys "$0/sys"
mount --rbind /dev "$0/dev"
mount -t tmpfs tmpfs "$0/dev/shm"
mount -t tmpfs tmpfs "$0/run"
mount -t tmpfs tmpfs "$0/tmp"
cd "$0"
mkdir -p .host
pivot_root . .host
exec chroot . sh -c 'umount -l /.host && exec "$@"' sh "$@"`

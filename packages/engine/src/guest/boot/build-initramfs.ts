import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip, zstdDecompress } from 'node:zlib'
import { type Recipe, sourceTexts } from '../../image/recipes/recipe.ts'
import { run } from '../../process/run-process.ts'
import { type ArchiveEntry, cpioArchive } from './cpio.ts'
import { loadOrder, moduleName } from './kernel-modules.ts'

export interface InitramfsOptions {
  /** Holds lib/modules/<release>, with depmod's files. */
  readonly kernelRoot: string
  /** e.g. `6.1.0-41-cloud-amd64`. */
  readonly release: string
  /** Folder of `buildGuestTools`. */
  readonly toolsFolder: string
}

const script = (name: string) => new URL(`./initramfs/${name}`, import.meta.url)
/** Where they go: `tools` become the machine's /run/ramet, `boot` is for the boot alone. */
const scripts = {
  '': ['init'],
  'tools/': ['configure', 'power-off', 'starts-something'],
  'boot/': ['enter', 'device-of', 'boot-own', 'choose-kernel', 'own-init'],
}

/** Inputs of the initramfs besides the kernel and the tools. */
export async function initramfsRecipe(): Promise<Recipe> {
  const makers = ['./build-initramfs.ts', './kernel-modules.ts', './cpio.ts'].map((name) => new URL(name, import.meta.url))
  return sourceTexts([...Object.values(scripts).flat().map(script), ...makers])
}

/** Debian's busybox-static: static, with insmod, ip, setsid, switch_root. */
const busybox = '/usr/bin/busybox'
const applets = [
  'cat',
  'chroot',
  'cp',
  'insmod',
  'ln',
  'mkdir',
  'mount',
  'mv',
  'poweroff',
  'rm',
  'sh',
  'switch_root',
  'umount',
  'usleep',
]
const tools = { 'tools/': ['watch', 'agent', 'wake', 'keeper', 'grow', 'pid1', 'sftp', 'forward'], 'boot/': ['kexec'] }

/** Builds the kernel pack's initramfs, gzipped, with a length that is a multiple of 4 bytes so that a machine's own archive can follow. */
export async function makeInitramfs(options: InitramfsOptions): Promise<Uint8Array> {
  const entries: ArchiveEntry[] = [
    ...['bin', 'boot', 'dev', 'proc', 'sys', 'modules', 'tools', 'new-root'].map(folder),
    { path: 'dev/console', type: 'character-device', mode: 0o600, device: [5, 1] },
    { path: 'dev/null', type: 'character-device', mode: 0o666, device: [1, 3] },
    program('bin/busybox', await readFile(busybox)),
    ...applets.map((name) => link(`bin/${name}`, 'busybox')),
  ]
  for (const [at, names] of Object.entries(scripts))
    for (const name of names) entries.push(program(`${at}${name}`, await readFile(script(name))))
  for (const [at, names] of Object.entries(tools))
    for (const name of names) entries.push(program(`${at}${name}`, await readFile(join(options.toolsFolder, name))))
  entries.push(...(await modules(options)))
  const packed = await promisify(gzip)(cpioArchive(entries), { level: 9 })
  return Buffer.concat([packed, Buffer.alloc((4 - (packed.length % 4)) % 4)])
}

async function modules({ release, kernelRoot }: InitramfsOptions): Promise<ArchiveEntry[]> {
  const base = join(kernelRoot, 'lib/modules', release)
  const order = loadOrder(await readFile(join(base, 'modules.dep'), 'utf8'))
  const entries: ArchiveEntry[] = []
  for (const path of order) entries.push(plain(`modules/${moduleName(path)}.ko`, await moduleBytes(join(base, path))))
  const names = order.map((path) => `${moduleName(path)}.ko\n`)
  return [...entries, plain('modules/order', Buffer.from(names.join('')))]
}

/** Debian compresses modules from 6.12 on (xz); busybox's insmod wants them plain. */
async function moduleBytes(file: string): Promise<Uint8Array> {
  if (file.endsWith('.zst')) return promisify(zstdDecompress)(await readFile(file))
  if (!file.endsWith('.xz')) return readFile(file)
  const { stdout } = await run(['sh', '-c', 'xz -dc -- "$1" | base64 -w0', 'sh', file])
  return Buffer.from(stdout, 'base64')
}

const folder = (path: string): ArchiveEntry => ({ path, type: 'folder', mode: 0o755 })
const link = (path: string, target: string): ArchiveEntry => ({ path, type: 'link', mode: 0o777, content: Buffer.from(target) })
const program = (path: string, content: Uint8Array): ArchiveEntry => ({ path, type: 'file', mode: 0o755, content })
const plain = (path: string, content: Uint8Array): ArchiveEntry => ({ path, type: 'file', mode: 0o644, content })

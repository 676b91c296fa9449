import { invalidInput } from '@ramet/model/errors/errors.ts'
import type { BootConfig } from '../guest.ts'
import { type ArchiveEntry, cpioArchive } from './cpio.ts'

/**
 * Packs the boot configuration of one machine as an archive to append to the kernel pack's initramfs (whose length must be a multiple of 4 bytes).
 * `initramfs/configure` reads these files: one value a line, words without spaces, `-` for none.
 * Throws `invalid_input` for words that cannot be written so.
 */
export function bootArchive(config: BootConfig): Uint8Array {
  const entries: ArchiveEntry[] = [folder('ramet')]
  const add = (name: string, content: string | Uint8Array) => entries.push(file(name, content))
  add('hostname', `${word(config.hostname)}\n`)
  add('hosts', hosts(config.hosts))
  add(
    'interfaces',
    lines(config.interfaces, (each) => [
      each.name,
      each.mac.toLowerCase(),
      each.address,
      `${each.prefixLength}`,
      each.gateway ?? '-',
    ]),
  )
  add(
    'resolv.conf',
    config.nameservers.length === 0 ? '' : `# ramet\n${config.nameservers.map((each) => `nameserver ${word(each)}\n`).join('')}`,
  )
  add('resolved.conf', `[Resolve]\nDNS=${config.nameservers.map(word).join(' ')}\n`)
  add(
    'users',
    lines(config.users, ({ name }) => [name]),
  )
  add('rerun', config.rerun === undefined ? '' : `${word(config.rerun)}\n`)
  const { allowed, setUp, growRoot } = config.once
  add(
    'once',
    lines([[allowed, setUp ? 'set-up' : 'keep', growRoot ? 'grow' : 'keep']], (words) => words),
  )
  add('drives', lines(config.drives, driveWords))
  if (config.isClosed) add('closed', '')
  if (config.isPartitioned) add('partitioned', '')
  if (config.hasOwnKernel) add('own-kernel', '')
  add('modules-serial', `${word(config.modulesSerial)}\n`)
  for (const name of ['files', 'welcome']) entries.push(folder(`ramet/${name}`))
  for (const { name, welcome } of config.users)
    if (welcome !== undefined && welcome !== '-') add(`welcome/${word(name)}`, `${welcome.trimEnd()}\n`)
  config.startupFiles.forEach((each, at) => {
    const name = `files/${String(at).padStart(2, '0')}`
    entries.push(folder(`ramet/${name}`))
    if (!each.path.startsWith('/') || /[\0\n]/.test(each.path))
      throw invalidInput(`${JSON.stringify(each.path)} is not an absolute path.`)
    add(`${name}/path`, `${each.path}\n`)
    add(`${name}/owner`, `${word(each.owner)}\n`)
    add(`${name}/mode`, `${word(each.mode)}\n`)
    add(`${name}/content`, each.content)
    if (each.append) add(`${name}/append`, '')
  })
  return cpioArchive(entries)
}

const folder = (path: string): ArchiveEntry => ({ path, type: 'folder', mode: 0o700 })
const file = (name: string, content: string | Uint8Array): ArchiveEntry => ({
  path: `ramet/${name}`,
  type: 'file',
  mode: 0o600,
  content: typeof content === 'string' ? Buffer.from(content) : content,
})

/** virtio-blk serial, name, mount point (blanks escaped for printf %b), filesystem, access, whether it is to grow. */
function driveWords({ device, mount, filesystem, readOnly, grow }: BootConfig['drives'][number]): string[] {
  const index = device.charCodeAt(device.length - 1) - 'a'.charCodeAt(0)
  const escaped = mount?.replaceAll('\\', '\\0134').replaceAll(' ', '\\0040').replaceAll('\t', '\\0011')
  return [`drive-${index}`, device, escaped ?? '-', filesystem ?? '-', readOnly ? 'ro' : 'rw', grow ? 'grow' : 'keep']
}

function hosts(entries: BootConfig['hosts']): string {
  return `# ramet: begin\n${lines(entries, ({ address, names }) => [address, ...names])}# ramet: end\n`
}

function lines<T>(items: readonly T[], words: (item: T) => string[]): string {
  return items.map((item) => `${words(item).map(word).join(' ')}\n`).join('')
}

function word(text: string): string {
  if (!/^[^\s\0]+$/.test(text)) throw invalidInput(`${JSON.stringify(text)} cannot be told to a machine: it must be one word.`)
  return text
}

/** One entry of a newc archive. Content of a link is its target. */
export interface ArchiveEntry {
  /** Without a leading slash. */
  readonly path: string
  readonly type: 'folder' | 'file' | 'link' | 'character-device'
  /** Permission bits. */
  readonly mode: number
  readonly content?: Uint8Array
  /** Major and minor number of a device. */
  readonly device?: readonly [number, number]
}

const typeBits: Record<ArchiveEntry['type'], number> = {
  folder: 0o040000,
  file: 0o100000,
  link: 0o120000,
  'character-device': 0o020000,
}

/**
 * Makes an archive that the kernel unpacks (Documentation/driver-api/early-userspace/buffer-format): newc, owned by root, times zero, so that the same
 * entries give the same bytes. Its length is a multiple of 4: archives can follow each other.
 */
export function cpioArchive(entries: readonly ArchiveEntry[]): Uint8Array {
  const parts: Buffer[] = []
  entries.forEach((entry, at) => {
    parts.push(...record(entry, at + 1))
  })
  parts.push(...record({ path: 'TRAILER!!!', type: 'file', mode: 0 }, 0))
  return Buffer.concat(parts)
}

function record({ path, type, mode, content = new Uint8Array(), device = [0, 0] }: ArchiveEntry, inode: number): Buffer[] {
  const name = Buffer.from(`${path}\0`)
  const isTrailer = inode === 0
  const links = type === 'folder' ? 2 : 1
  const numbers = [inode, isTrailer ? 0 : typeBits[type] | mode, 0, 0, links, 0, content.length, 0, 0, ...device, name.length, 0]
  const header = Buffer.from(`070701${numbers.map((number) => number.toString(16).padStart(8, '0')).join('')}`)
  return [padded(Buffer.concat([header, name])), padded(Buffer.from(content))]
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)])
}

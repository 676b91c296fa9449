/** Archives for tests, entry by entry, also such as no honest program writes. */
export interface TestEntry {
  readonly name: string
  /** The typeflag; default: a file, or a folder where the name ends with a slash. */
  readonly type?: string
  readonly content?: string | Buffer
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
  readonly seconds?: number
  readonly linkName?: string
  /** Written as a pax header before it. */
  readonly pax?: Readonly<Record<string, string | Buffer>>
  /** What the header says instead of the content's length. */
  readonly size?: number
}

/** A ustar archive. */
export function tar(entries: readonly TestEntry[]): Buffer {
  return Buffer.concat([...entries.flatMap(entryBlocks), Buffer.alloc(1024)])
}

function entryBlocks(entry: TestEntry): Buffer[] {
  const content = Buffer.from(entry.content ?? '')
  const blocks: Buffer[] = []
  if (entry.pax) {
    const records = Buffer.concat(Object.entries(entry.pax).map(([key, value]) => paxRecord(key, value)))
    blocks.push(header({ name: 'pax', type: 'x', size: records.length }), padded(records))
  }
  blocks.push(header({ ...entry, size: entry.size ?? content.length }), padded(content))
  return blocks
}

function paxRecord(key: string, value: string | Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from('\n')])
  let length = rest.length + 1
  while (`${length}`.length + rest.length !== length) length = `${length}`.length + rest.length
  return Buffer.concat([Buffer.from(`${length}`), rest])
}

function header(entry: TestEntry & { readonly size: number }): Buffer {
  const block = Buffer.alloc(512)
  const octal = (value: number, at: number, length: number) =>
    block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1')
  const isFolder = entry.name.endsWith('/')
  block.write(entry.name.slice(0, 100), 0, 'utf8')
  octal(entry.mode ?? (isFolder ? 0o755 : 0o644), 100, 8)
  octal(entry.uid ?? 0, 108, 8)
  octal(entry.gid ?? 0, 116, 8)
  octal(entry.size, 124, 12)
  octal(entry.seconds ?? 1_700_000_000, 136, 12)
  block.write(entry.type ?? (isFolder ? '5' : '0'), 156)
  block.write((entry.linkName ?? '').slice(0, 100), 157, 'utf8')
  block.write('ustar\x0000', 257, 'latin1')
  block.fill(' ', 148, 156)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return block
}

const padded = (content: Buffer) => Buffer.concat([content, Buffer.alloc((512 - (content.length % 512)) % 512)])

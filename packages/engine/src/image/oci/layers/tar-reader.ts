import type { ByteSource } from './byte-source.ts'
import { LayerFault } from './layer-fault.ts'
import type { LayerLimits } from './limits.ts'
import { type PaxRecords, parsePax, paxNumber, paxTime } from './pax.ts'
import { checkSegments, leadingSegments, oldSegments, paxSegments, type Segment } from './sparse.ts'
import { blockBytes, parseTarHeader, type TarHeader } from './tar-header.ts'

const types = {
  '0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'hard-link',
  '2': 'link',
  '3': 'character-device',
  '4': 'block-device',
  '5': 'folder',
  '6': 'pipe',
} as const

/** An entry of a layer, whatever dialect of tar it was written in. Names are bytes, as latin1 strings. */
export interface TarEntry {
  readonly name: string
  readonly type: (typeof types)[keyof typeof types]
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly seconds: number
  readonly nanoseconds: number
  /** Of a file as it will be, holes and all. */
  readonly size: number
  /** Where the content belongs, in the order in which it comes. */
  readonly segments: readonly Segment[]
  readonly linkName: string
  readonly attributes: ReadonlyMap<string, Buffer>
  /** The content. What is left of it is passed over before the next entry. */
  content(): AsyncIterable<Buffer>
}

const attributePrefix = 'SCHILY.xattr.'

/** The entries of an archive: ustar, pax, GNU. Throws LayerFault for what is none, and for one that ends in the middle. */
export async function* readTar(source: ByteSource, limits: Pick<LayerLimits, 'headerBytes'>): AsyncGenerator<TarEntry> {
  let globals: PaxRecords = []
  for (;;) {
    const described = await readDescription(source, limits, globals)
    globals = described.globals
    if (!described.header) return
    const entry = await toEntry(described, source)
    let left = entry.stored
    const skip = padding(entry.stored)
    yield {
      ...entry.entry,
      async *content() {
        while (left > 0) {
          const part = await source.some(left)
          if (part === undefined) throw new LayerFault('the archive ends within an entry')
          left -= part.length
          yield part
        }
      },
    }
    await pass(source, left + skip)
  }
}

interface Description {
  readonly header: TarHeader | undefined
  readonly block: Buffer
  readonly records: PaxRecords
  readonly globals: PaxRecords
  readonly longName: string | undefined
  readonly longLink: string | undefined
}

/** The header of the next entry together with the headers before it that say more about it. */
async function readDescription(
  source: ByteSource,
  { headerBytes }: Pick<LayerLimits, 'headerBytes'>,
  before: PaxRecords,
): Promise<Description> {
  let globals = before
  let records: PaxRecords = []
  let longName: string | undefined
  let longLink: string | undefined
  let used = 0
  for (;;) {
    const block = await source.take(blockBytes)
    const header = block.length === blockBytes ? parseTarHeader(block) : undefined
    if (block.length > 0 && block.length < blockBytes) throw new LayerFault('the archive ends within a header')
    if (!header && (records.length > 0 || longName !== undefined || longLink !== undefined))
      throw new LayerFault('the archive ends before the entry that a header describes')
    if (!header || !'xgLK'.includes(header.type)) return { header, block, records, globals, longName, longLink }
    used += header.size + blockBytes
    if (used > headerBytes) throw new LayerFault(`the headers of an entry have more than ${headerBytes} bytes`)
    const body = await source.take(header.size)
    if (body.length < header.size) throw new LayerFault('the archive ends within a header')
    await pass(source, padding(header.size))
    if (header.type === 'x') records = parsePax(body)
    else if (header.type === 'g') globals = merge(globals, parsePax(body), headerBytes)
    else if (header.type === 'L') longName = untilZero(body)
    else longLink = untilZero(body)
  }
}

async function toEntry({ header, block, records: own, globals, longName, longLink }: Description, source: ByteSource) {
  if (!header) throw new LayerFault('there is no header')
  const records = [...globals, ...own]
  const value = (key: string) => records.findLast(([each]) => each === key)?.[1]
  const integer = (key: string, otherwise: number) => {
    const found = value(key)
    return found === undefined || found.length === 0 ? otherwise : paxNumber(found, key)
  }
  const type = types[header.type as keyof typeof types]
  if (type === undefined) throw new LayerFault(`an entry is of the unknown type ${JSON.stringify(header.type)}`)
  const written = value('GNU.sparse.name') ?? value('path')
  const name = written?.toString('latin1') ?? longName ?? header.name
  const time = value('mtime')
  let stored = type === 'file' ? integer('size', header.size) : 0
  if (type !== 'file' && type !== 'hard-link' && header.size > 0 && type !== 'folder')
    throw new LayerFault(`${JSON.stringify(name)} is no file but has content`)
  let segments: readonly Segment[] = [{ offset: 0, length: stored }]
  let realSize = stored
  if (type === 'file' && header.type === 'S') {
    const old = await oldSegments(block, source)
    realSize = old.realSize
    segments = checkSegments(old.segments, realSize, stored)
  } else if (type === 'file' && value('GNU.sparse.major')?.toString() === '1') {
    const leading = await leadingSegments(source, stored)
    stored -= leading.bytes
    realSize = integer('GNU.sparse.realsize', 0)
    segments = checkSegments(leading.segments, realSize, stored)
  } else if (type === 'file') {
    const map = paxSegments(own)
    if (map) {
      realSize = integer('GNU.sparse.size', integer('GNU.sparse.realsize', 0))
      segments = checkSegments(map, realSize, stored)
    }
  }
  const attributes = new Map<string, Buffer>()
  for (const [key, bytes] of own) if (key.startsWith(attributePrefix)) attributes.set(key.slice(attributePrefix.length), bytes)
  const entry = {
    // An archive of before ustar writes a folder as a file whose name ends so.
    type: type === 'file' && name.endsWith('/') && stored === 0 ? ('folder' as const) : type,
    name,
    mode: header.mode,
    uid: integer('uid', header.uid),
    gid: integer('gid', header.gid),
    ...(time ? paxTime(time) : { seconds: header.seconds, nanoseconds: 0 }),
    size: realSize,
    segments,
    linkName: value('linkpath')?.toString('latin1') ?? longLink ?? header.linkName,
    attributes,
  }
  return { entry, stored }
}

function merge(before: PaxRecords, more: PaxRecords, most: number): PaxRecords {
  const merged = new Map([...before, ...more])
  let bytes = 0
  for (const [key, value] of merged) bytes += key.length + value.length
  if (bytes > most) throw new LayerFault(`the headers of an archive have more than ${most} bytes`)
  return [...merged]
}

async function pass(source: ByteSource, length: number): Promise<void> {
  for (let left = length; left > 0; ) {
    const part = await source.some(left)
    if (part === undefined) throw new LayerFault('the archive ends within an entry')
    left -= part.length
  }
}

const padding = (length: number) => (blockBytes - (length % blockBytes)) % blockBytes
const untilZero = (bytes: Buffer) => {
  const end = bytes.indexOf(0)
  return bytes.toString('latin1', 0, end < 0 ? bytes.length : end)
}

import type { ByteSource } from './byte-source.ts'
import { LayerFault } from './layer-fault.ts'
import { type PaxRecords, paxNumber } from './pax.ts'
import { blockBytes, number, size } from './tar-header.ts'

/** Where the stored bytes of a sparse file belong (GNU tar manual, "Storing Sparse Files"). */
export interface Segment {
  readonly offset: number
  readonly length: number
}

const maxSegments = 1_000_000

/** In order, without overlaps, within the file, and as long together as what is stored. Throws LayerFault. */
export function checkSegments(segments: readonly Segment[], realSize: number, storedSize: number): readonly Segment[] {
  let end = 0
  let stored = 0
  for (const { offset, length } of segments) {
    if (offset < end || offset + length > realSize) throw new LayerFault('the map of a sparse file is broken')
    end = offset + length
    stored += length
  }
  if (stored !== storedSize) throw new LayerFault('the map of a sparse file does not fit its content')
  return segments
}

/** The map of formats 0.0 and 0.1, which is in the pax records; undefined when it is not there. */
export function paxSegments(records: PaxRecords): Segment[] | undefined {
  const map = records.findLast(([key]) => key === 'GNU.sparse.map')?.[1]
  const numbers = map
    ? map.toString('latin1').split(',')
    : records
        .filter(([key]) => key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes')
        .map(([, value]) => value.toString('latin1'))
  if (numbers.length === 0) return undefined
  return pairs(numbers.map((each) => paxNumber(Buffer.from(each), 'map of a sparse file')))
}

/** The map of format 1.0, which begins the content: decimal lines, padded to a block. Returns it with how many bytes it took. */
export async function leadingSegments(source: ByteSource, most: number): Promise<{ segments: Segment[]; bytes: number }> {
  const numbers: number[] = []
  let line = ''
  let bytes = 0
  for (;;) {
    if (bytes + blockBytes > most) throw new LayerFault('the map of a sparse file is broken')
    const block = await source.take(blockBytes)
    bytes += blockBytes
    if (block.length < blockBytes) throw new LayerFault('the archive ends within an entry')
    for (const byte of block) {
      if (byte !== 0x0a) {
        line += String.fromCharCode(byte)
        if (line.length > 16) throw new LayerFault('the map of a sparse file is broken')
        continue
      }
      numbers.push(paxNumber(Buffer.from(line), 'map of a sparse file'))
      line = ''
      const [count = 0] = numbers
      if (count > maxSegments) throw new LayerFault('the map of a sparse file is too long')
      if (numbers.length === 1 + 2 * count) return { segments: pairs(numbers.slice(1)), bytes }
    }
  }
}

/** The map of the old GNU format: four segments in the header itself, more in blocks after it. */
export async function oldSegments(header: Buffer, source: ByteSource): Promise<{ segments: Segment[]; realSize: number }> {
  const segments: Segment[] = []
  const read = (block: Buffer, from: number, count: number) => {
    for (let at = from; at < from + count * 24; at += 24) {
      if (block[at] === 0) break
      segments.push({
        offset: size(number(block, at, 12, 'map of a sparse file')),
        length: size(number(block, at + 12, 12, 'map of a sparse file')),
      })
    }
  }
  read(header, 386, 4)
  const realSize = size(number(header, 483, 12, 'size'))
  for (let goesOn = header[482] === 1; goesOn; ) {
    const block = await source.take(blockBytes)
    if (block.length < blockBytes) throw new LayerFault('the archive ends within an entry')
    read(block, 0, 21)
    if (segments.length > maxSegments) throw new LayerFault('the map of a sparse file is too long')
    goesOn = block[504] === 1
  }
  return { segments, realSize }
}

function pairs(numbers: readonly number[]): Segment[] {
  if (numbers.length % 2 !== 0 || numbers.length > 2 * maxSegments) throw new LayerFault('the map of a sparse file is broken')
  return Array.from({ length: numbers.length / 2 }, (_, at) => ({
    offset: numbers[2 * at] as number,
    length: numbers[2 * at + 1] as number,
  }))
}

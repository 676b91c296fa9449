import { open } from 'node:fs/promises'
import { type DataExtent, eachDataExtent } from './data-extents.ts'
import { makeQcow2Header } from './qcow2-header.ts'

/** As `qemu-img convert` makes it. */
const clusterBits = 16
const clusterBytes = 2 ** clusterBits
const entriesOfTable = clusterBytes / 8
/** A block of reference counts has 16 bits a cluster. */
const countsOfBlock = clusterBytes / 2
/** OFLAG_COPIED: the cluster is used once. */
const usedOnce = 1n << 63n

/** Where the parts of such a file are, in clusters, one after the other; the content is last. */
export interface Mapped {
  readonly sizeBytes: number
  readonly countBlocks: number
  readonly l1At: number
  readonly l1Entries: number
  readonly tablesAt: number
  readonly contentAt: number
  readonly clusters: number
}

/** A qcow2 file whose content lies in it as in a raw file, `contentOffset` bytes from its beginning: who writes raw content there needs no copy of it. Pure. */
export function mappedLayout(sizeBytes: number): Mapped {
  const contentClusters = Math.ceil(sizeBytes / clusterBytes)
  const l1Entries = Math.ceil(contentClusters / entriesOfTable)
  const tables = Math.ceil((l1Entries * 8) / clusterBytes) + l1Entries
  // One count for each cluster of the counts themselves, too.
  let countBlocks = 0
  let clusters = 0
  do {
    countBlocks = Math.ceil(clusters / countsOfBlock)
    clusters = 2 + countBlocks + tables + contentClusters
  } while (countBlocks * countsOfBlock < clusters)
  if (countBlocks > entriesOfTable) throw new RangeError(`a file for ${sizeBytes} bytes is impossible`)
  const l1At = 2 + countBlocks
  const tablesAt = l1At + tables - l1Entries
  return { sizeBytes, countBlocks, l1At, l1Entries, tablesAt, contentAt: tablesAt + l1Entries, clusters }
}

export const contentOffset = ({ contentAt }: Mapped): number => contentAt * clusterBytes

/** Makes the file, as long as it will be, and empty. */
export async function makeMappedFile(file: string, { clusters }: Mapped): Promise<void> {
  await using made = await open(file, 'wx', 0o600)
  await made.truncate(clusters * clusterBytes)
}

/** Writes what makes of the file a qcow2 (QEMU, docs/interop/qcow2.txt), when its content is written. Clusters that are holes are none of the drive's. */
export async function writeMapping(file: string, layout: Mapped, signal?: AbortSignal): Promise<void> {
  const { sizeBytes, countBlocks, l1At, l1Entries, tablesAt, contentAt } = layout
  const counts = Buffer.alloc(countBlocks * clusterBytes)
  const tables = Buffer.alloc(l1Entries * clusterBytes)
  for (let cluster = 0; cluster < contentAt; cluster++) counts.writeUInt16BE(1, cluster * 2)
  const map = ({ start, length }: DataExtent) => {
    for (let at = Math.floor(start / clusterBytes); at * clusterBytes < start + length; at++) {
      counts.writeUInt16BE(1, (contentAt + at) * 2)
      tables.writeBigUInt64BE(usedOnce | BigInt((contentAt + at) * clusterBytes), at * 8)
    }
  }
  await eachDataExtent({ file, offsetBytes: contentOffset(layout), sizeBytes }, map, { signal })
  const parts: readonly (readonly [Buffer, number])[] = [
    [makeQcow2Header({ ...layout, clusterBits, hasSubclusters: false }), 0],
    [addresses(2, countBlocks, 0n), clusterBytes],
    [counts, 2 * clusterBytes],
    [addresses(tablesAt, l1Entries, usedOnce), l1At * clusterBytes],
    [tables, tablesAt * clusterBytes],
  ]
  await using opened = await open(file, 'r+')
  for (const [bytes, at] of parts) await opened.write(bytes, 0, bytes.length, at)
}

function addresses(from: number, count: number, flag: bigint): Buffer {
  const table = Buffer.alloc(count * 8)
  for (let at = 0; at < count; at++) table.writeBigUInt64BE(flag | BigInt((from + at) * clusterBytes), at * 8)
  return table
}

import { open } from 'node:fs/promises'
import { run } from '../process/run-process.ts'
import { qcow2Magic } from './qcow2-header.ts'

/** As `qemu-img convert` chooses them. */
const clusterBits = 16
const clusterBytes = 2 ** clusterBits
/** Counts have 16 bits, entries of tables 64. */
const countsOfBlock = clusterBytes / 2
const entriesOfTable = clusterBytes / 8
const headerBytes = 112
/** Of an L1 or L2 entry: what it points to is used by nobody else. */
const usedOnce = 1n << 63n

/** A part of a content that is no hole, in bytes from its beginning. */
export interface Extent {
  readonly start: number
  readonly length: number
}

/**
 * Makes a file with a raw content, which begins at `contentOffset(sizeBytes)`, into a qcow2 of that content. Nothing is copied: the tables are written before
 * it, and its holes are clusters that are not there. (`qemu-img convert` reads and writes all of it, for one second of eight of a root of 600 MiB.)
 */
export async function wrapAsQcow2(path: string, sizeBytes: number, signal?: AbortSignal): Promise<void> {
  const raw = { driver: 'raw', offset: contentOffset(sizeBytes), size: sizeBytes, file: { driver: 'file', filename: path } }
  const { stdout } = await run(['qemu-img', 'map', '--output=json', `json:${JSON.stringify(raw)}`], signal ? { signal } : {})
  const extents = (JSON.parse(stdout) as (Extent & { readonly data: boolean })[]).filter(({ data }) => data)
  const file = await open(path, 'r+')
  try {
    await file.truncate(contentOffset(sizeBytes) + Math.ceil(sizeBytes / clusterBytes) * clusterBytes)
    const tables = qcow2Tables(sizeBytes, extents)
    for (let at = 0; at < tables.length; ) at += (await file.write(tables, at, tables.length - at, at)).bytesWritten
  } finally {
    await file.close()
  }
}

/** Where a content of that size begins: after its tables. A multiple of a cluster. */
export const contentOffset = (sizeBytes: number): number => layoutFor(sizeBytes).content * clusterBytes

/** Everything before the content (docs/interop/qcow2.txt of QEMU). Pure. */
export function qcow2Tables(sizeBytes: number, data: readonly Extent[]): Buffer {
  const { countTable, countBlocks, l1, l2, content, clusters, l1Entries } = layoutFor(sizeBytes)
  const bytes = Buffer.alloc(content * clusterBytes)
  bytes.writeUInt32BE(qcow2Magic, 0)
  bytes.writeUInt32BE(3, 4)
  bytes.writeUInt32BE(clusterBits, 20)
  bytes.writeBigUInt64BE(BigInt(sizeBytes), 24)
  bytes.writeUInt32BE(l1Entries, 36)
  bytes.writeBigUInt64BE(BigInt(l1 * clusterBytes), 40)
  bytes.writeBigUInt64BE(BigInt(countTable * clusterBytes), 48)
  bytes.writeUInt32BE(countBlocks - countTable, 56)
  bytes.writeUInt32BE(4, 96)
  bytes.writeUInt32BE(headerBytes, 100)
  const point = (at: number, to: number, flags = 0n) => bytes.writeBigUInt64BE(BigInt(to * clusterBytes) | flags, at)
  const count = (cluster: number) => bytes.writeUInt16BE(1, countBlocks * clusterBytes + cluster * 2)
  for (let block = countBlocks; block < l1; block++) point(countTable * clusterBytes + (block - countBlocks) * 8, block)
  for (let entry = 0; entry < l1Entries; entry++) point(l1 * clusterBytes + entry * 8, l2 + entry, usedOnce)
  for (let cluster = 0; cluster < content; cluster++) count(cluster)
  for (const { start, length } of data) {
    const last = Math.min(clusters, Math.ceil((start + length) / clusterBytes))
    for (let cluster = Math.floor(start / clusterBytes); cluster < last; cluster++) {
      point(l2 * clusterBytes + cluster * 8, content + cluster, usedOnce)
      count(content + cluster)
    }
  }
  return bytes
}

/** Clusters at which each part begins: header, table and blocks of counts, L1, L2, content. */
function layoutFor(sizeBytes: number) {
  const clusters = Math.ceil(sizeBytes / clusterBytes)
  const l1Entries = Math.ceil(clusters / entriesOfTable)
  const l1Clusters = Math.ceil(l1Entries / entriesOfTable)
  const countTable = 1
  for (let blocks = 1; ; blocks++) {
    const countBlocks = countTable + Math.ceil(blocks / entriesOfTable)
    const l1 = countBlocks + blocks
    const l2 = l1 + l1Clusters
    const content = l2 + l1Entries
    if (blocks * countsOfBlock >= content + clusters) return { countTable, countBlocks, l1, l2, content, clusters, l1Entries }
  }
}

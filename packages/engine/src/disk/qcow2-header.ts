/** The header of a qcow2 file, as far as we read it ourselves (QEMU, docs/interop/qcow2.txt, "Header"). */
export interface Qcow2Header {
  /** Virtual size. */
  readonly sizeBytes: number
  readonly l1Offset: number
  readonly l1Entries: number
}

/** "QFI\xfb". */
export const qcow2Magic = 0x514649fb
/** Header and extensions of a file of ours take 500 bytes or so. What goes on beyond this is not one of ours. */
export const headerAreaBytes = 4096

/** Bits that change how a file is read. QEMU sets 0 and 1 itself when it was killed or finds damage; 3: compressed otherwise than by zlib; 4: subclusters. */
const knownIncompatible = 0b11011n
const externalData = 0b100n
const extensions = { end: 0, features: 0x6803f857 }
/** QEMU's own bounds: QCOW_MAX_L1_SIZE and QCOW_MAX_REFTABLE_SIZE (block/qcow2.h). */
const mostL1Bytes = 32 * 1024 * 1024
const mostRefcountTableBytes = 8 * 1024 * 1024

/**
 * Reads the first bytes of a file (as many as there are, `headerAreaBytes` suffice). Returns why the file is none of ours, as part of a sentence, when it has anything that QEMU
 * does not write into a drive for us: above all the name of another file, which would be opened with the rights of whoever opens this one. Pure, and bounded by its input.
 */
export function readQcow2Header(bytes: Buffer): Qcow2Header | string {
  if (bytes.length < 112 || bytes.readUInt32BE(0) !== qcow2Magic) return 'it is no qcow2 file'
  if (bytes.readUInt32BE(4) !== 3) return `it has version ${bytes.readUInt32BE(4)} of the format`
  if (bytes.readBigUInt64BE(8) !== 0n || bytes.readUInt32BE(16) !== 0) return 'its header names a backing file'
  const incompatible = bytes.readBigUInt64BE(72)
  if ((incompatible & externalData) !== 0n) return 'its header says that the data is in another file'
  if ((incompatible & ~knownIncompatible) !== 0n) return `it has features ${incompatible.toString(2)} that are not used here`
  if (bytes.readUInt32BE(32) !== 0) return 'it is encrypted'
  if (bytes.readUInt32BE(60) !== 0) return 'it has snapshots inside'
  if (bytes.readBigUInt64BE(88) !== 0n) return 'it has bitmaps or raw data'
  const clusterBits = bytes.readUInt32BE(20)
  if (clusterBits < 9 || clusterBits > 21) return `its clusters have 2^${clusterBits} bytes`
  if (bytes.readUInt32BE(96) > 6) return `its reference counts have 2^${bytes.readUInt32BE(96)} bits`
  if (bytes.readUInt32BE(56) * 2 ** clusterBits > mostRefcountTableBytes) return 'its table of reference counts is too long'
  const l1Entries = bytes.readUInt32BE(36)
  const [l1Offset, sizeBytes] = [bytes.readBigUInt64BE(40), bytes.readBigUInt64BE(24)]
  if (l1Entries * 8 > mostL1Bytes || l1Offset > Number.MAX_SAFE_INTEGER || sizeBytes > Number.MAX_SAFE_INTEGER)
    return 'its tables are too long'
  return (
    whyNotExtensions(bytes, bytes.readUInt32BE(100)) ?? {
      sizeBytes: Number(sizeBytes),
      l1Offset: Number(l1Offset),
      l1Entries,
    }
  )
}

/** Type, length, data padded to 8 bytes; the last has type 0. One of them is the name of an external data file, and one of its format. */
function whyNotExtensions(bytes: Buffer, begin: number): string | undefined {
  let at = begin
  if (at < 104 || at % 8 !== 0) return `its header has ${at} bytes`
  while (at + 8 <= Math.min(bytes.length, headerAreaBytes)) {
    const type = bytes.readUInt32BE(at)
    if (type === extensions.end) return undefined
    if (type !== extensions.features) return `its header has an extension ${type.toString(16)}`
    at += 8 + Math.ceil(bytes.readUInt32BE(at + 4) / 8) * 8
  }
  return 'its header does not end'
}

/** Of the headers that we write: those of version 3 with the field for compression (QEMU, docs/interop/qcow2.txt, "Header"). */
const headerBytes = 112

/** Where the tables of a file of ours are, in clusters. Its table of reference counts is cluster 1. */
export interface NewQcow2 {
  readonly sizeBytes: number
  readonly clusterBits: number
  readonly l1At: number
  readonly l1Entries: number
  readonly hasSubclusters: boolean
}

/** Makes a header. What is not written is zero. After it comes the end of the (no) extensions, eight zeros. */
export function makeQcow2Header({ sizeBytes, clusterBits, l1At, l1Entries, hasSubclusters }: NewQcow2): Buffer {
  const clusterBytes = 2 ** clusterBits
  const bytes = Buffer.alloc(headerBytes)
  bytes.writeUInt32BE(qcow2Magic, 0)
  bytes.writeUInt32BE(3, 4)
  bytes.writeUInt32BE(clusterBits, 20)
  bytes.writeBigUInt64BE(BigInt(sizeBytes), 24)
  bytes.writeUInt32BE(l1Entries, 36)
  bytes.writeBigUInt64BE(BigInt(l1At * clusterBytes), 40)
  bytes.writeBigUInt64BE(BigInt(clusterBytes), 48)
  bytes.writeUInt32BE(1, 56)
  // Incompatible feature 4: extended L2 entries.
  if (hasSubclusters) bytes.writeBigUInt64BE(16n, 72)
  bytes.writeUInt32BE(4, 96)
  bytes.writeUInt32BE(headerBytes, 100)
  return bytes
}

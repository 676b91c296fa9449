import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'

export type TableKind = 'mbr' | 'gpt'

/** Bytes to write at an offset of a drive. */
export interface Patch {
  readonly at: number
  readonly bytes: Buffer
}

const sector = 512
const mib = 1024 ** 2
/** Where the one partition begins: as every partitioning tool aligns it, with room for a boot loader before it. */
export const partitionStart = mib
/** Room behind the partition: for the second copy of a GPT, also on a drive with an MBR, so that it can become one. */
export const roomBehind = mib

const entryCount = 128
const entryBytes = 128
const entriesSectors = (entryCount * entryBytes) / sector
/** "Linux filesystem data" (UEFI 2.10, 5.3; uapi-group.org, Discoverable Partitions Specification). */
const linuxData = '0fc63daf-8483-4772-8e79-3d69d8477de4'

/** Bytes of the one partition of a drive: whole MiB. */
export const partitionBytes = (driveBytes: number): number => Math.floor((driveBytes - partitionStart - roomBehind) / mib) * mib

/**
 * A table with one Linux partition that fills the drive: all of the first MiB, and for a GPT its second copy at the end. `seed` decides the identifiers: the same gives the same bytes,
 * so writing it twice changes nothing. Pure.
 */
export function partitionTable(kind: TableKind, driveBytes: number, seed: string): Patch[] {
  const first = partitionStart / sector
  const count = partitionBytes(driveBytes) / sector
  const head = Buffer.alloc(partitionStart)
  if (kind === 'mbr') {
    createHash('sha256').update(seed).digest().copy(head, 440, 0, 4)
    writeMbrEntry(head, 0x83, first, count, true)
    return [{ at: 0, bytes: head }]
  }
  const sectors = Math.floor(driveBytes / sector)
  // Protective: one entry of type ee over the whole drive (UEFI 2.10, 5.2.3).
  writeMbrEntry(head, 0xee, 1, Math.min(sectors - 1, 0xffffffff), false)
  const entries = Buffer.alloc(entryCount * entryBytes)
  guid(linuxData).copy(entries, 0)
  guid(uuidOf(`${seed} partition`)).copy(entries, 16)
  entries.writeBigUInt64LE(BigInt(first), 32)
  entries.writeBigUInt64LE(BigInt(first + count - 1), 40)
  entries.write('root', 56, 'utf16le')
  const header = (own: number, other: number, entriesAt: number) => gptHeader({ own, other, entriesAt, sectors, entries, seed })
  header(1, sectors - 1, 2).copy(head, sector)
  entries.copy(head, 2 * sector)
  // The second copy, in whole blocks of 4 KiB: an overlay keeps no part of one (qemu-disks.ts).
  const tailAt = Math.floor((sectors - 1 - entriesSectors) / 8) * 8 * sector
  const tail = Buffer.alloc(sectors * sector - tailAt)
  entries.copy(tail, (sectors - 1 - entriesSectors) * sector - tailAt)
  header(sectors - 1, 1, sectors - 1 - entriesSectors).copy(tail, tail.length - sector)
  return [
    { at: 0, bytes: head },
    { at: tailAt, bytes: tail },
  ]
}

/** The first entry of an MBR. Heads and cylinders are beyond what they can say, as for all drives today. */
function writeMbrEntry(head: Buffer, type: number, first: number, count: number, isActive: boolean): void {
  const at = 446
  head[at] = isActive ? 0x80 : 0
  head.set([0xfe, 0xff, 0xff], at + 1)
  head[at + 4] = type
  head.set([0xfe, 0xff, 0xff], at + 5)
  head.writeUInt32LE(first, at + 8)
  head.writeUInt32LE(count, at + 12)
  head.writeUInt16LE(0xaa55, 510)
}

interface Header {
  readonly own: number
  readonly other: number
  readonly entriesAt: number
  readonly sectors: number
  readonly entries: Buffer
  readonly seed: string
}

/** UEFI 2.10, table 5.5. */
function gptHeader({ own, other, entriesAt, sectors, entries, seed }: Header): Buffer {
  const header = Buffer.alloc(sector)
  header.write('EFI PART', 0, 'latin1')
  header.writeUInt32LE(0x00010000, 8)
  header.writeUInt32LE(92, 12)
  header.writeBigUInt64LE(BigInt(own), 24)
  header.writeBigUInt64LE(BigInt(other), 32)
  header.writeBigUInt64LE(BigInt(2 + entriesSectors), 40)
  header.writeBigUInt64LE(BigInt(sectors - 2 - entriesSectors), 48)
  guid(uuidOf(`${seed} disk`)).copy(header, 56)
  header.writeBigUInt64LE(BigInt(entriesAt), 72)
  header.writeUInt32LE(entryCount, 80)
  header.writeUInt32LE(entryBytes, 84)
  header.writeUInt32LE(crc32(entries), 88)
  header.writeUInt32LE(crc32(header.subarray(0, 92)), 16)
  return header
}

/** A UUID of version 8 (RFC 9562) from a text. */
function uuidOf(text: string): string {
  const bytes = createHash('sha256').update(text).digest().subarray(0, 16)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** The first three parts are little endian (UEFI 2.10, appendix A). */
function guid(uuid: string): Buffer {
  const [a = '', b = '', c = '', ...rest] = uuid.split('-')
  return Buffer.concat([...[a, b, c].map((part) => Buffer.from(part, 'hex').reverse()), Buffer.from(rest.join(''), 'hex')])
}

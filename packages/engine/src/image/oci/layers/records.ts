import type { Instruction } from './instruction.ts'
import type { TarEntry } from './tar-reader.ts'

/** The stream that `native/unpack` reads: little-endian numbers, lengths before texts. Its two sides are changed together. */
const kinds = { file: 'f', folder: 'd', link: 'l', 'hard-link': 'h', pipe: 'p' } as const
/** S_IFMT bits of inode(7). */
const fileTypes = { file: 0o100000, folder: 0o040000, link: 0o120000, 'hard-link': 0, pipe: 0o010000 } as const
const headerBytes = 1 + 8 + 4 + 4 + 4 + 8 + 4 + 8 + 2 + 2 + 2

export const endRecord = Buffer.from('E')
/** Ends the content of a file. */
export const endOfContent = Buffer.alloc(12)

export function layerRecord(number: number): Buffer {
  const record = Buffer.alloc(5)
  record.write('n')
  record.writeUInt32LE(number, 1)
  return record
}

/** For `remove` and `clear`. */
export function pathRecord(how: 'remove' | 'clear', position: number, path: string): Buffer {
  return header(how === 'remove' ? 'w' : 'o', position, path, '', {})
}

/** Appends to a file where the image has no init. Its content follows. */
export const appendRecord = (path: string): Buffer => header('a', 0, path, '', {})

/** For `make`. Of a file its content follows. */
export function entryRecord(entry: TarEntry, position: number, made: Extract<Instruction, { do: 'make' }>): Buffer {
  const kind = kinds[entry.type as keyof typeof kinds]
  const head = header(kind, position, made.path, made.linkPath, {
    ...entry,
    mode: entry.mode | fileTypes[entry.type as keyof typeof fileTypes],
    attributeCount: made.attributes.length,
  })
  const attributes = made.attributes.flatMap(([name, value]) => {
    const lengths = Buffer.alloc(6)
    lengths.writeUInt16LE(name.length)
    lengths.writeUInt32LE(value.length, 2)
    return [lengths, Buffer.from(name, 'latin1'), value]
  })
  return Buffer.concat([head, ...attributes])
}

/** Before a part of a file's content: at most 1 MiB of it follows. */
export function partRecord(offset: number, length: number): Buffer {
  const record = Buffer.alloc(12)
  record.writeBigUInt64LE(BigInt(offset))
  record.writeUInt32LE(length, 8)
  return record
}

interface Head {
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
  readonly seconds?: number
  readonly nanoseconds?: number
  readonly size?: number
  readonly attributeCount?: number
}

function header(kind: string, position: number, path: string, linkPath: string, head: Head): Buffer {
  // The root has a name of its own.
  const name = Buffer.from(path === '' ? '.' : path, 'latin1')
  const target = Buffer.from(linkPath, 'latin1')
  const record = Buffer.alloc(headerBytes)
  let at = record.write(kind)
  at = record.writeBigUInt64LE(BigInt(position), at)
  at = record.writeUInt32LE(head.mode ?? 0, at)
  at = record.writeUInt32LE(head.uid ?? 0, at)
  at = record.writeUInt32LE(head.gid ?? 0, at)
  at = record.writeBigInt64LE(BigInt(head.seconds ?? 0), at)
  at = record.writeUInt32LE(head.nanoseconds ?? 0, at)
  at = record.writeBigUInt64LE(BigInt(head.size ?? 0), at)
  at = record.writeUInt16LE(name.length, at)
  at = record.writeUInt16LE(target.length, at)
  record.writeUInt16LE(head.attributeCount ?? 0, at)
  return Buffer.concat([record, name, target])
}

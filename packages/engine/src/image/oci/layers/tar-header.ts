import { LayerFault } from './layer-fault.ts'

/** One 512-byte header block (POSIX.1-2017 pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format"). Names are bytes, as latin1 strings. */
export interface TarHeader {
  readonly name: string
  readonly type: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  readonly seconds: number
  readonly linkName: string
}

export const blockBytes = 512

/** Undefined for a block of zeros, which ends an archive. Throws LayerFault. */
export function parseTarHeader(block: Buffer): TarHeader | undefined {
  if (block.every((byte) => byte === 0)) return undefined
  checkSum(block)
  const isUstar = block.toString('latin1', 257, 263) === 'ustar\0'
  const prefix = isUstar ? text(block, 345, 155) : ''
  const name = text(block, 0, 100)
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    type: String.fromCharCode(block[156] || 0x30),
    mode: number(block, 100, 8, 'mode') & 0o7777,
    uid: number(block, 108, 8, 'owner'),
    gid: number(block, 116, 8, 'group'),
    size: size(number(block, 124, 12, 'size')),
    seconds: number(block, 136, 12, 'time', true),
    linkName: text(block, 157, 100),
  }
}

/** A size as it may be. */
export function size(value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new LayerFault('a size is no size')
  return value
}

export function text(block: Buffer, from: number, length: number): string {
  const end = block.subarray(from, from + length).indexOf(0)
  return block.toString('latin1', from, from + (end < 0 ? length : end))
}

/** Octal digits, or GNU's base-256 for what they cannot hold. */
export function number(block: Buffer, from: number, length: number, what: string, mayBeNegative = false): number {
  const first = block[from] ?? 0
  if (first & 0x80) {
    let value = BigInt(first & 0x7f)
    for (let at = from + 1; at < from + length; at++) value = (value << 8n) | BigInt(block[at] ?? 0)
    value = first & 0x40 ? value - (1n << BigInt(length * 8 - 1)) : value
    const found = Number(value)
    if (!Number.isSafeInteger(found) || (found < 0 && !mayBeNegative)) throw new LayerFault(`the ${what} is out of range`)
    return found
  }
  const digits = text(block, from, length).trim()
  if (!/^[0-7]*$/.test(digits)) throw new LayerFault(`the ${what} is no number`)
  return digits === '' ? 0 : Number.parseInt(digits, 8)
}

function checkSum(block: Buffer): void {
  const told = number(block, 148, 8, 'checksum')
  let unsigned = 8 * 0x20
  let signed = unsigned
  for (let at = 0; at < blockBytes; at++) {
    if (at >= 148 && at < 156) continue
    const byte = block[at] as number
    unsigned += byte
    signed += byte > 127 ? byte - 256 : byte
  }
  // Some old tars summed signed bytes.
  if (told !== unsigned && told !== signed) throw new LayerFault('this is no tar header: its checksum is wrong')
}

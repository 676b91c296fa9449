import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** One file of an archive. */
export interface WheelFile {
  readonly name: string
  readonly content: Buffer
}

/** A wheel (PyPA's binary distribution format 1.0) of pure Python: a zip archive with a record of its files. Uncompressed and without times, so the same files are the same wheel. */
export function makeWheel(
  name: string,
  version: string,
  metadata: string,
  files: readonly WheelFile[],
): { fileName: string; bytes: Buffer } {
  const info = `${name}-${version}.dist-info`
  const all: WheelFile[] = [
    ...files,
    { name: `${info}/METADATA`, content: Buffer.from(metadata) },
    {
      name: `${info}/WHEEL`,
      content: Buffer.from('Wheel-Version: 1.0\nGenerator: ramet\nRoot-Is-Purelib: true\nTag: py3-none-any\n'),
    },
  ]
  const record = `${info}/RECORD`
  const lines = all.map(({ name: file, content }) => `${file},sha256=${digest(content)},${content.length}\n`)
  all.push({ name: record, content: Buffer.from(`${lines.join('')}${record},,\n`) })
  return { fileName: `${name}-${version}-py3-none-any.whl`, bytes: zip(all) }
}

const digest = (content: Buffer) => createHash('sha256').update(content).digest('base64url')

/** The first moment that the format knows (APPNOTE 4.4.6): 1980-01-01 00:00. */
const firstDate = 0x0021

function zip(files: readonly WheelFile[]): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { name, content } of files) {
    const path = Buffer.from(name)
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(firstDate, 8)
    common.writeUInt32LE(crc32(content), 10)
    common.writeUInt32LE(content.length, 14)
    common.writeUInt32LE(content.length, 18)
    common.writeUInt16LE(path.length, 22)
    parts.push(Buffer.from('PK\x03\x04'), common, path, content)
    const entry = Buffer.alloc(14)
    // Mode of a plain file, as Unix has it.
    entry.writeUInt32LE(0o100644 * 0x10000, 6)
    entry.writeUInt32LE(offset, 10)
    directory.push(Buffer.from('PK\x01\x02'), Buffer.from([20, 3]), common, entry, path)
    offset += 4 + common.length + path.length + content.length
  }
  const bytes = directory.reduce((sum, { length }) => sum + length, 0)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(files.length, 4)
  end.writeUInt16LE(files.length, 6)
  end.writeUInt32LE(bytes, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...parts, ...directory, Buffer.from('PK\x05\x06'), end])
}

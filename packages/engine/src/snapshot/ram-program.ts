import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib'

/**
 * `node ram-program.ts digest FROM | digest-packed FROM | pack FROM TO | unpack FROM TO BYTES`: a separate process, so that gigabytes are read beside the
 * server and at its own priority. It prints the SHA-256 of the plain RAM, hex, and progress as `at BYTES` on stderr. TO must not exist, and is durable on exit 0.
 */
const chunkBytes = 1024 * 1024
const pageBytes = 4096
const tellEveryBytes = 64 * chunkBytes
/** zstd's default level (zstd.h). RAM is mostly pages of zeros and data that compresses quickly. */
const level = { params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 } }

type Chunks = AsyncIterable<Buffer>

async function main([verb, from = '', to = '', bytes = '']: readonly string[]): Promise<void> {
  const hash = createHash('sha256')
  async function* hashed(chunks: Chunks): AsyncGenerator<Buffer> {
    let at = 0
    for await (const chunk of chunks) {
      hash.update(chunk)
      if (Math.floor((at + chunk.length) / tellEveryBytes) > Math.floor(at / tellEveryBytes))
        process.stderr.write(`at ${at + chunk.length}\n`)
      at += chunk.length
      yield chunk
    }
  }
  await using source = await open(from, 'r')
  const read = source.createReadStream({ highWaterMark: chunkBytes, autoClose: false })
  const unpacked = () => createZstdDecompress({ chunkSize: chunkBytes })
  if (verb === 'digest') await pipeline(read, hashed, drop)
  else if (verb === 'digest-packed') await pipeline(read, unpacked(), hashed, drop)
  else {
    await using target = await open(to, 'wx', 0o600)
    if (verb === 'pack') await pipeline(read, hashed, createZstdCompress(level), (chunks: Chunks) => writeAll(chunks, target))
    else if (verb === 'unpack')
      await pipeline(read, unpacked(), hashed, (chunks: Chunks) => writeSparsely(chunks, target, Number(bytes)))
    else throw new Error(`there is no ${verb}`)
    await target.sync()
  }
  process.stdout.write(hash.digest('hex'))
}

async function drop(chunks: Chunks): Promise<void> {
  for await (const _ of chunks);
}

async function writeAll(chunks: Chunks, target: FileHandle): Promise<void> {
  for await (const chunk of chunks) await target.writeFile(chunk)
}

const zeros = Buffer.alloc(pageBytes)

/** Writes the plain RAM; pages of zeros become holes again. */
async function writeSparsely(chunks: Chunks, target: FileHandle, bytes: number): Promise<void> {
  let at = 0
  for await (const chunk of chunks) {
    if (at + chunk.length > bytes) throw new Error(`there is more in it than ${bytes} bytes`)
    for (const [start, end] of written(chunk)) await target.write(chunk, start, end - start, at + start)
    at += chunk.length
  }
  if (at !== bytes) throw new Error(`there are ${at} bytes in it instead of ${bytes}`)
  await target.truncate(bytes)
}

/** Finds the ranges of a chunk that are not zero, by pages. Pure. */
function* written(chunk: Buffer): Generator<readonly [number, number]> {
  let start: number | undefined
  for (let at = 0; at < chunk.length; at += pageBytes) {
    const isZero =
      zeros.compare(chunk, at, Math.min(at + pageBytes, chunk.length), 0, Math.min(pageBytes, chunk.length - at)) === 0
    if (!isZero) start ??= at
    else if (start !== undefined) {
      yield [start, at]
      start = undefined
    }
  }
  if (start !== undefined) yield [start, chunk.length]
}

await main(process.argv.slice(2))

import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline, type Readable } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { inflate } from './inflate.ts'

/** Below it, starting a program takes longer than what it saves (3 ms, measured). */
const bigBytes = 2 * 2 ** 20

/** A layer's archive from its blob. How it is compressed its first bytes say: the media type that a registry tells is not always true. */
export async function openLayer(file: string, onRead: (bytes: number) => void): Promise<Readable> {
  const opened = await open(file)
  const start = Buffer.alloc(4)
  let size: number
  try {
    await opened.read(start, 0, 4, 0)
    size = (await opened.stat()).size
  } finally {
    await opened.close()
  }
  const blob = createReadStream(file, { highWaterMark: 512 * 1024 })
  blob.on('data', (chunk) => onRead(chunk.length))
  blob.pause()
  const isGzip = start[0] === 0x1f && start[1] === 0x8b
  const isZstd = start.readUInt32LE() === 0xfd2fb528
  if (!isGzip && !isZstd) return blob
  if (isGzip && size >= bigBytes) return inflate(blob)
  // What is unpacked ahead, while the thread has something else to do.
  const options = { chunkSize: 512 * 1024, highWaterMark: 2 * 2 ** 20 }
  // The caller reads the last of them, and hears of a failure of either there.
  return pipeline(blob, isGzip ? createGunzip(options) : createZstdDecompress(options), () => {})
}

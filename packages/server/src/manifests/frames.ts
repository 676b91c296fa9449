import type { Readable } from 'node:stream'

const headerBytes = 4

/** One value as a frame: its length in bytes (32 bits, big-endian), then JSON. */
export function frameOf(value: unknown): Buffer {
  const body = Buffer.from(JSON.stringify(value))
  const header = Buffer.alloc(headerBytes)
  header.writeUInt32BE(body.length)
  return Buffer.concat([header, body])
}

/** The frames of a stream. Throws when one is longer than `mostBytes`, before it is read. */
export async function* readFrames(stream: Readable, mostBytes: number): AsyncGenerator<unknown> {
  let chunks: Buffer[] = []
  let held = 0
  let wanted: number | undefined
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    held += chunk.length
    while (held >= (wanted ?? headerBytes)) {
      const all = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
      const end = wanted ?? headerBytes
      const rest = all.subarray(end)
      if (wanted === undefined) {
        wanted = all.readUInt32BE(0)
        if (wanted > mostBytes) throw new Error(`a frame of ${wanted} bytes is longer than ${mostBytes}`)
      } else {
        yield JSON.parse(all.toString('utf8', 0, end))
        wanted = undefined
      }
      chunks = rest.length > 0 ? [rest] : []
      held = rest.length
    }
  }
}

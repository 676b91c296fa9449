import { createHash } from 'node:crypto'
import type { Readable, Writable } from 'node:stream'
import type { AddedText } from '../image-environment.ts'
import { ByteSource } from './byte-source.ts'
import { openLayer } from './decompress.ts'
import { instructionOf } from './instruction.ts'
import { LayerFault } from './layer-fault.ts'
import type { LayerLimits } from './limits.ts'
import { appendRecord, endOfContent, endRecord, entryRecord, layerRecord, partRecord, pathRecord } from './records.ts'
import { readTar, type TarEntry } from './tar-reader.ts'

export interface LayerFile {
  /** The blob, checked against its digest already. */
  readonly file: string
  readonly digest: string
  /** Of the archive in it, from the image's configuration. */
  readonly diffId: string
}

export interface ApplyOptions {
  /** Waited for before a layer is read. */
  readonly here?: ((index: number) => Promise<void>) | undefined
  /** Called with each number of bytes read of a blob. */
  readonly onRead?: (bytes: number) => void
  /** Where the image has no init. */
  readonly added?: readonly AddedText[] | undefined
}

const batchBytes = 256 * 1024
const partBytes = 512 * 1024

/**
 * Reads the layers of an image, lowest first, and writes what they make of a tree to `out` (`records.ts`). Throws LayerFault with the layer, the entry
 * and its name for anything that must not be in an image, before it is written.
 */
export async function applyLayers(
  layers: readonly LayerFile[],
  out: Writable,
  limits: LayerLimits,
  { here, onRead = () => {}, added = [] }: ApplyOptions = {},
): Promise<void> {
  if (layers.length > limits.layers) throw new LayerFault(`The image has ${layers.length} layers, more than ${limits.layers}.`)
  const total = { entries: 0, bytes: 0 }
  const writer = new Batches(out)
  for (const [index, layer] of layers.entries()) {
    await here?.(index)
    await writer.write(layerRecord(index + 1))
    await applyLayer(layer, index + 1, writer, limits, total, onRead)
  }
  for (const { path, text } of added) {
    const bytes = Buffer.from(text)
    for (const record of [appendRecord(path), partRecord(0, bytes.length), bytes, endOfContent]) await writer.write(record)
  }
  await writer.write(endRecord)
  await writer.end()
}

async function applyLayer(
  layer: LayerFile,
  number: number,
  writer: Batches,
  limits: LayerLimits,
  total: { entries: number; bytes: number },
  onRead: (bytes: number) => void,
): Promise<void> {
  let position = 0
  let entry: TarEntry | undefined
  const hash = createHash('sha256')
  const stream = await openLayer(layer.file, onRead)
  try {
    const source = new ByteSource(measured(stream, hash, total, limits))
    for await (entry of readTar(source, limits)) {
      position++
      if (++total.entries > limits.entries) throw new LayerFault(`the image has more than ${limits.entries} entries`)
      await applyEntry(entry, position, writer, limits, total)
      entry = undefined
    }
    // What follows an archive is read too: the digest is over all of it.
    while ((await source.some(batchBytes)) !== undefined);
  } catch (error) {
    const reason = reasonOf(error)
    if (reason === undefined) throw error
    const name = entry === undefined ? '' : ` (${printable(entry.name)})`
    throw new LayerFault(
      `Layer ${number} of ${layer.digest}, entry ${entry === undefined ? position + 1 : position}${name}: ${reason}.`,
    )
  } finally {
    stream.destroy()
  }
  const found = `sha256:${hash.digest('hex')}`
  if (found !== layer.diffId)
    throw new LayerFault(`Layer ${number} unpacks to ${found} and not to ${layer.diffId}, which the image says.`)
}

async function applyEntry(
  entry: TarEntry,
  position: number,
  writer: Batches,
  limits: LayerLimits,
  total: { entries: number; bytes: number },
): Promise<void> {
  const instruction = instructionOf(entry, limits)
  if (instruction.do === 'nothing') return
  if (instruction.do !== 'make') return writer.write(pathRecord(instruction.do, position, instruction.path))
  if (entry.size > limits.unpackedBytes)
    throw new LayerFault(`it has ${entry.size} bytes, and an image at most ${limits.unpackedBytes}`)
  await writer.write(entryRecord(entry, position, instruction))
  if (entry.type !== 'file') return
  total.bytes += entry.size - entry.segments.reduce((sum, { length }) => sum + length, 0)
  let segment = 0
  let within = 0
  for await (let chunk of entry.content()) {
    while (chunk.length > 0) {
      const current = entry.segments[segment]
      if (!current) throw new LayerFault('it has more content than it says')
      const part = chunk.subarray(0, Math.min(current.length - within, partBytes))
      if (part.length > 0) {
        await writer.write(partRecord(current.offset + within, part.length))
        await writer.write(part)
      }
      within += part.length
      chunk = chunk.subarray(part.length)
      if (within === current.length) {
        segment++
        within = 0
      }
    }
  }
  await writer.write(endOfContent)
}

async function* measured(
  stream: Readable,
  hash: ReturnType<typeof createHash>,
  total: { bytes: number },
  limits: LayerLimits,
): AsyncGenerator<Buffer> {
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    total.bytes += chunk.length
    if (total.bytes > limits.unpackedBytes) throw new LayerFault(`the image unpacks to more than ${limits.unpackedBytes} bytes`)
    hash.update(chunk)
    yield chunk
  }
}

/** Small records go together. One batch is on its way while the next is filled. */
class Batches {
  readonly #out: Writable
  #onItsWay: Promise<void> | undefined
  #held: Buffer[] = []
  #bytes = 0

  constructor(out: Writable) {
    this.#out = out
  }

  async write(bytes: Buffer): Promise<void> {
    this.#held.push(bytes)
    this.#bytes += bytes.length
    if (this.#bytes >= batchBytes) await this.#flush()
  }

  async end(): Promise<void> {
    await this.#flush()
    await this.#onItsWay
    this.#out.end()
  }

  async #flush(): Promise<void> {
    const all = Buffer.concat(this.#held)
    this.#held = []
    this.#bytes = 0
    await this.#onItsWay
    this.#onItsWay = new Promise<void>((resolve, reject) => this.#out.write(all, (error) => (error ? reject(error) : resolve())))
    // Whoever writes next hears of it.
    this.#onItsWay.catch(() => {})
  }
}

const printable = (name: string) => JSON.stringify(Buffer.from(name.slice(0, 300), 'latin1').toString())

const zlibErrors: Record<string, string> = {
  Z_DATA_ERROR: 'its compressed data is damaged',
  Z_BUF_ERROR: 'its compressed data ends early',
}

/** Undefined for what is not the layer's fault. */
function reasonOf(error: unknown): string | undefined {
  if (error instanceof LayerFault) return error.message
  const { code = '' } = error as { code?: unknown }
  return zlibErrors[`${code}`] ?? (/^Z(STD)?_/.test(`${code}`) ? 'its compressed data is damaged' : undefined)
}

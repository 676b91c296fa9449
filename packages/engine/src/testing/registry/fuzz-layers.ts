import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { applyLayers } from '../../image/oci/layers/apply-layers.ts'
import { LayerFault } from '../../image/oci/layers/layer-fault.ts'
import { layerLimits } from '../../image/oci/layers/limits.ts'
import { checkRecords } from './check-records.ts'
import { mutatedLayer, randomFrom } from './mutate-layers.ts'

export interface FuzzedLayers {
  readonly applied: number
  readonly refused: number
  readonly records: number
}

const limits = { ...layerLimits, unpackedBytes: 2 ** 20, entries: 1000 }

/**
 * Reads that many layers, each made from its own seed. A layer is either refused with its place, or all that it asks for is harmless; what it asked for
 * before it was refused is looked at too. Throws with the seed.
 */
export async function fuzzLayers(cases: number, firstSeed: number): Promise<FuzzedLayers> {
  const folder = await mkdtemp(join(tmpdir(), 'ramet-fuzz-'))
  const told = { applied: 0, refused: 0, records: 0 }
  try {
    const file = join(folder, 'layer')
    for (let seed = firstSeed; seed < firstSeed + cases; seed++) {
      await writeFile(file, mutatedLayer(randomFrom(seed)))
      try {
        const stream = await applied(file)
        told[stream === undefined ? 'refused' : 'applied']++
        if (stream) told.records += checkRecords(stream, limits.unpackedBytes)
      } catch (error) {
        throw new Error(`seed ${seed}: ${(error as Error).stack}`)
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return told
}

/** What a layer asks for; undefined when it is refused. */
async function applied(file: string): Promise<Buffer | undefined> {
  // Nothing has the first digest: the refusal names the one that the layer has.
  const first = await attempt(file, '')
  if (Buffer.isBuffer(first)) throw new Error('a layer of another digest was applied')
  const diffId = /unpacks to (sha256:[0-9a-f]{64})/.exec(first)?.[1]
  if (diffId === undefined) {
    if (!/^Layer 1 of sha256:x, entry \d+( \(.*\))?: .+\.$/s.test(first)) throw new Error(`no place and reason: ${first}`)
    return undefined
  }
  const second = await attempt(file, diffId)
  if (!Buffer.isBuffer(second)) throw new Error(`refused the second time: ${second}`)
  return second
}

async function attempt(file: string, diffId: string): Promise<Buffer | string> {
  const chunks: Buffer[] = []
  const out = new Writable({
    write(chunk, _, done) {
      chunks.push(chunk)
      done()
    },
  })
  try {
    await applyLayers([{ file, digest: 'sha256:x', diffId }], out, limits)
    return Buffer.concat(chunks)
  } catch (error) {
    if (error instanceof LayerFault) return error.message
    throw error
  }
}

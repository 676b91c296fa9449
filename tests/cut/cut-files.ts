import { type FileHandle, open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Counts, countsOf, markBytes } from './counting.ts'

const pageBytes = 4096
const chunkBytes = 16 * 1024 * 1024
const markOf = (text: string) => Buffer.from(text.padEnd(markBytes, '\0'))
const pageMark = markOf('Page of counts')
const blockMark = markOf('string of block')

/** What the files of a cut say of the instant at which they were made. */
export interface CutNumbers {
  readonly writer: Counts
  readonly holder: Counts
  /** The highest number on the writer's drive. */
  readonly drive: number
  readonly snapshotBytes: number
  /** Of the layers that the cut sealed, on disk. */
  readonly layerBytes: number
  /** Layers of the writer's drive. */
  readonly depth: number
}

interface CutRows {
  readonly ram: { readonly machine: string; readonly file: string }[]
  readonly layers: readonly string[]
  readonly sealed: readonly string[]
  readonly bytes: number
}

/** Reads a cut from its files, not through any guest: the memory that `run` has mapped or is to resume, and the layers below its drives. */
export async function readCut(home: string, run: string): Promise<CutNumbers> {
  const { ram, layers, sealed, bytes } = rowsOf(home, run)
  const memory = async (machine: string) => {
    const { file = '' } = ram.find((each) => each.machine === machine) ?? {}
    const found = (await pagesWith(file, pageMark)).map((page) => countsOf(page))
    // A page that the guest's kernel has moved leaves an older one behind.
    const newest = found.toSorted((a, b) => a.begun + a.got - b.begun - b.got).at(-1)
    if (!newest) throw new Error(`no page of counts in ${file}`)
    return newest
  }
  const sizes = await Promise.all(sealed.map(async (file) => (await stat(file)).blocks * 512))
  return {
    writer: await memory('writer'),
    holder: await memory('holder'),
    drive: await highestOn(layers),
    snapshotBytes: bytes,
    layerBytes: sizes.reduce((sum, size) => sum + size, 0),
    depth: layers.length,
  }
}

function rowsOf(home: string, run: string): CutRows {
  const db = new DatabaseSync(join(home, 'ramet.sqlite'), { readOnly: true, timeout: 10_000 })
  try {
    const snapshot = db
      .prepare(
        'select s.id, s.bytes from runs r join snapshots s on s.id = coalesce(r.maps_snapshot, r.resume_from) where r.id = ?',
      )
      .get(run)
    if (!snapshot) throw new Error(`the run ${run} has no snapshot`)
    const below = `with recursive chain(machine, depth, id) as (
        select machine, 0, layer_id from snapshot_drives where snapshot_id = ?
        union all select machine, depth + 1, parent_id from chain join layers using (id) where parent_id is not null)
      select machine, depth, file from chain join layers using (id) order by depth`
    const chain = db.prepare(below).all(String(snapshot.id))
    const ram = db.prepare('select machine, ram_file from snapshot_machines where snapshot_id = ?').all(String(snapshot.id))
    return {
      ram: ram.map(({ machine, ram_file }) => ({ machine: String(machine), file: join(home, String(ram_file)) })),
      layers: chain.filter(({ machine }) => machine === 'writer').map(({ file }) => join(home, String(file))),
      sealed: chain.filter(({ depth }) => depth === 0).map(({ file }) => join(home, String(file))),
      bytes: Number(snapshot.bytes),
    }
  } finally {
    db.close()
  }
}

/** From the newest layer to the oldest: the first that has any number has the highest. Clusters of our layers are as the guest wrote them. */
async function highestOn(layers: readonly string[]): Promise<number> {
  for (const layer of layers) {
    const numbers = (await pagesWith(layer, blockMark)).map((block) => Number(block.readBigUInt64LE(markBytes)))
    if (numbers.length > 0) return Math.max(...numbers)
  }
  throw new Error('no number on the drive')
}

async function pagesWith(path: string, mark: Buffer): Promise<Buffer[]> {
  const file = await open(path, 'r')
  try {
    const found: Buffer[] = []
    for await (const chunk of chunksOf(file)) {
      for (let at = 0; at + pageBytes <= chunk.length; at += pageBytes)
        if (mark.compare(chunk, at, at + markBytes) === 0) found.push(Buffer.from(chunk.subarray(at, at + pageBytes)))
    }
    return found
  } finally {
    await file.close()
  }
}

async function* chunksOf(file: FileHandle): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafe(chunkBytes)
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, chunkBytes, null)
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
  }
}

import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Disks, LayerFile } from '../disk/disk.ts'
import type { LayerStore } from '../disk/layer-store.ts'

/** What an implementation gives the suite besides itself. Blocks are of 4 KiB; chains are topmost first. */
export interface LayerStoreTools {
  readonly layers: LayerStore
  readonly disks: Disks
  /** As a guest would, into the first of the chain. */
  write(chain: readonly string[], block: number, byte: number): Promise<void>
  read(chain: readonly string[], block: number): Promise<number>
}

const sizeBytes = 64 * 1024 * 1024

/** What every LayerStore must do. Called once an implementation, from that implementation's own test file. */
export function layerStoreConformance(name: string, make: () => Promise<LayerStoreTools>): void {
  const it = (title: string, body: (tools: LayerStoreTools, at: (file: string) => string) => Promise<void>) =>
    test(`${name}: ${title}`, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'layers-'))
      try {
        await chmod(folder, 0o711)
        for (const part of ['layers', 'drives']) await mkdir(join(folder, part))
        await body(await make(), (file) => join(folder, file))
      } finally {
        await rm(folder, { recursive: true })
      }
    })

  it('sealing gives the same file a second name, and both stay', async ({ layers, disks, write, read }, at) => {
    const [overlay, layer] = [at('drives/a.qcow2'), at('layers/1.qcow2')]
    await disks.makeOverlay(overlay, undefined, sizeBytes)
    await write([overlay], 3, 7)
    const before = await readFile(overlay)
    const [sealed] = await layers.seal([{ overlay, layer }])
    const [one, other] = await Promise.all([stat(overlay, { bigint: true }), stat(layer, { bigint: true })])
    assert.equal(one.ino, other.ino)
    assert.deepEqual(sealed, {
      bytes: Number(other.blocks * 512n),
      lengthBytes: Number(other.size),
      modifiedAt: String(other.mtimeNs),
    })
    assert.equal(Number(other.mode & 0o222n) & ~0o200, 0, 'nobody but root may write to it')
    assert.deepEqual(await readFile(layer), before)
    assert.equal(await read([layer], 3), 7)
  })

  it('sealing again changes nothing, and a file of another origin is not taken for the layer', async ({ layers, disks }, at) => {
    const [overlay, other, layer] = [at('drives/a.qcow2'), at('drives/b.qcow2'), at('layers/1.qcow2')]
    await disks.makeOverlay(overlay, undefined, sizeBytes)
    await disks.makeOverlay(other, undefined, sizeBytes)
    assert.deepEqual(await layers.seal([{ overlay, layer }]), await layers.seal([{ overlay, layer }]))
    await assert.rejects(layers.seal([{ overlay: other, layer }]), { code: 'EEXIST' })
    await assert.rejects(layers.seal([{ overlay: at('drives/none.qcow2'), layer: at('layers/2.qcow2') }]), { code: 'ENOENT' })
  })

  it('a seal that is taken back leaves an overlay with its owner, its mode and its content', async ({
    layers,
    disks,
    write,
    read,
  }, at) => {
    const [overlay, layer] = [at('drives/a.qcow2'), at('layers/1.qcow2')]
    await disks.makeOverlay(overlay, undefined, sizeBytes)
    await write([overlay], 0, 9)
    const before = await stat(overlay)
    await layers.seal([{ overlay, layer }])
    await rm(layer)
    await layers.makeWritable(overlay)
    const after = await stat(overlay)
    assert.deepEqual(
      [after.ino, after.uid, after.gid, after.mode, after.nlink],
      [before.ino, before.uid, before.gid, before.mode, 1],
    )
    assert.equal(await read([overlay], 0), 9)
    await write([overlay], 1, 8)
    assert.equal(await read([overlay], 1), 8)
  })

  it('an overlay is untouched until something is written to it, zeros and what lies far out too', async ({
    layers,
    disks,
    write,
  }, at) => {
    const below = at('layers/1.qcow2')
    await disks.makeOverlay(below, undefined, sizeBytes)
    await write([below], 5, 1)
    for (const [file, block, byte] of [
      ['a', 0, 1],
      ['b', 5, 0],
      ['c', sizeBytes / 4096 - 1, 1],
    ] as const) {
      const overlay = at(`drives/${file}.qcow2`)
      await disks.makeOverlay(overlay, { file: below, format: 'qcow2', sizeBytes }, sizeBytes)
      assert.equal(await layers.isUntouched(overlay), true)
      await write([overlay, below], block, byte)
      assert.equal(await layers.isUntouched(overlay), false, `block ${block} was written`)
    }
  })

  /** Three layers on a base: every pair of one above another hides something of it. Topmost first. */
  async function fourLayers({ disks, write }: LayerStoreTools, at: (file: string) => string): Promise<LayerFile[]> {
    const chain: LayerFile[] = []
    for (const [index, writes] of [
      { 0: 1, 1: 1, 2: 1, 3: 1, 64: 1 },
      { 1: 2, 2: 2, 3: 2, 4: 2 },
      { 2: 3, 3: 0, 5: 3, 64: 0 },
      { 3: 4, 5: 0, 20000: 4 },
    ].entries()) {
      // The last is twice the size, as after a drive was grown.
      const layerBytes = index === 3 ? 2 * sizeBytes : sizeBytes
      const file = at(`layers/${index}.qcow2`)
      await disks.makeOverlay(file, chain[0], layerBytes)
      chain.unshift({ file, format: 'qcow2', sizeBytes: layerBytes })
      for (const [block, byte] of Object.entries(writes)) {
        await write(
          chain.map((each) => each.file),
          Number(block),
          byte,
        )
      }
    }
    return chain
  }

  const blocksOf = [0, 1, 2, 3, 4, 5, 6, 63, 64, 65, 16383, 16384, 20000]

  it('layers that were merged read as before, above what they stand on, at no more than their bytes', async (tools, at) => {
    const chain = await fourLayers(tools, at)
    const files = chain.map(({ file }) => file)
    const read = (through: readonly string[], last = Number.POSITIVE_INFINITY) =>
      Promise.all(blocksOf.filter((block) => block <= last).map((block) => tools.read(through, block)))
    const before = await Promise.all(files.map((file) => readFile(file)))
    const cases = [
      // A part in the middle, the part down to the root, and everything.
      [1, 3],
      [2, 4],
      [0, 4],
    ] as const
    for (const [from, to] of cases) {
      const into = at(`layers/merged-${from}-${to}.qcow2`)
      const layers = chain.slice(from, to)
      const below = chain.slice(to)
      const sealed = await tools.layers.merge({ layers, below, into })
      const lastBlock = (layers[0]?.sizeBytes ?? 0) / 4096 - 1
      assert.deepEqual(
        await read([into, ...below.map(({ file }) => file)], lastBlock),
        await read(files.slice(from), lastBlock),
        `${from} to ${to}`,
      )
      assert.deepEqual(
        await read([...files.slice(0, from), into, ...files.slice(to)]),
        await read(files),
        `${from} to ${to}, from the overlay`,
      )
      const bytes = await Promise.all(layers.map(({ file }) => tools.disks.bytes(file)))
      assert.ok(sealed.bytes <= bytes.reduce((sum, each) => sum + each, 0), `${sealed.bytes} bytes of ${bytes}`)
      assert.deepEqual(await tools.disks.check(into), [])
      const [merged, one] = await Promise.all([stat(into), stat(files[0] ?? '')])
      assert.equal(merged.mode & 0o022 & ~one.mode, 0, 'nobody but root may write to it')
    }
    assert.deepEqual(await Promise.all(files.map((file) => readFile(file))), before, 'the layers were only read')
  })

  it('a merge that is cancelled or fails leaves nothing', async (tools, at) => {
    const chain = await fourLayers(tools, at)
    const names = await readdir(at('layers'))
    const merging = { layers: chain.slice(0, 3), below: chain.slice(3), into: at('layers/merged.qcow2') }
    await assert.rejects(tools.layers.merge({ ...merging, signal: AbortSignal.abort() }))
    await rm(chain[1]?.file ?? '')
    await assert.rejects(tools.layers.merge(merging))
    assert.deepEqual(
      await readdir(at('layers')),
      names.filter((name) => name !== '2.qcow2'),
    )
  })
}

import { chmod, chown, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { run } from '../process/run-process.ts'
import type { LayerFile } from './disk.ts'
import { temporaryName } from './files.ts'
import type { Merging, SealedFile } from './layer-store.ts'
import { type ChainEnd, chainOptions } from './qcow2-chain.ts'
import { checkSpace, publish, qemuImg, wantedFreeBytes } from './qemu-disks.ts'
import { sealedFile } from './sealed-file.ts'
import { asSpaceError } from './space.ts'

/**
 * Merges layers into one file: a copy of the lowest, into which the clusters of each upper layer are written, bottom first. `qemu-img convert -n -B` copies
 * only what is allocated in the topmost file of its source, by subclusters, and keeps zeros as zeros. Measured with 2,000 random writes of
 * 4 KiB in two layers: 42 MB from 36 and 8, in 45 ms. (`block-stream` would copy whole clusters of 128 KiB from below for each, `commit` in units of 64 KiB.)
 * Everything is named explicitly; no backing name is read or written.
 */
export async function mergeLayers({ layers, below, into, signal }: Merging, vmGid: number): Promise<SealedFile> {
  const rising = layers.toReversed()
  const [lowest, ...uppers] = rising
  const overlay = layers[0]
  if (!lowest || !overlay || uppers.length === 0) throw new Error('merging takes two layers at least')
  const folder = dirname(into)
  const temporary = temporaryName(into)
  const options = { signal, timeoutMs: 3_600_000, isBackground: true }
  try {
    const needed = await Promise.all(layers.map(async ({ file }) => (await sealedFile(file)).bytes))
    // A merge is not urgent, but guests stop when the disk is full, so it leaves them a reserve.
    await checkSpace(
      folder,
      needed.reduce((sum, each) => sum + each, wantedFreeBytes),
    )
    // By reference where the filesystem can, else without the holes (cp(1)).
    await run(['cp', '--reflink=auto', '--sparse=always', '--', lowest.file, temporary], options)
    if (overlay.sizeBytes !== lowest.sizeBytes)
      await qemuImg(folder, ['resize', '-q', '-f', 'qcow2', temporary, String(overlay.sizeBytes)], options)
    const end: ChainEnd = below.length === 0 ? { zerosBytes: overlay.sizeBytes } : null
    const target = chainOptions([temporary, ...names(below)], end)
    for (const [index, upper] of uppers.entries()) {
      const source = chainOptions([upper.file, ...names(rising.slice(0, index + 1).toReversed()), ...names(below)])
      // `-n`: into a file that exists. `-B` only says that the target has a backing file; its name is not opened (tried with one that does not exist).
      // `-W -m 8`: eight requests in parallel, in any order.
      const argv = [
        'convert',
        '-n',
        '-q',
        '-W',
        '-m',
        '8',
        '-f',
        'qcow2',
        '-O',
        'qcow2',
        '-B',
        into,
        '-F',
        'qcow2',
        source,
        target,
      ]
      await qemuImg(folder, argv, options)
    }
    await chown(temporary, 0, vmGid)
    await chmod(temporary, 0o444)
    signal?.throwIfAborted()
    await publish(temporary, into)
    return await sealedFile(into)
  } catch (error) {
    await rm(temporary, { force: true })
    throw asSpaceError(error, folder)
  }
}

const names = (layers: readonly LayerFile[]) => layers.map(({ file }) => file)

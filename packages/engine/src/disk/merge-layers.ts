import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../process/run-process.ts'
import type { LayerFile } from './disk.ts'
import { openDrive } from './drive-file.ts'
import { temporaryName } from './files.ts'
import { inFolderOf } from './held-folder.ts'
import type { Merging, SealedFile } from './layer-store.ts'
import { type ChainEnd, chainOptions } from './qcow2-chain.ts'
import { checkSpace, publish, qemuImgError, wantedFreeBytes } from './qemu-disks.ts'
import { boxedQemuImg, driveInBox, rightsToRead } from './qemu-img-box.ts'
import { asSealed, sealedMode } from './sealed-file.ts'
import { asSpaceError } from './space.ts'

/**
 * Merges layers into one file: a copy of the lowest, into which the clusters of each upper layer are written, bottom first. `qemu-img convert -n -B` copies
 * only what is allocated in the topmost file of its source, by subclusters, and keeps zeros as zeros. Measured with 2,000 random writes of
 * 4 KiB in two layers: 42 MB from 36 and 8, in 45 ms. (`block-stream` would copy whole clusters of 128 KiB from below for each, `commit` in units of 64 KiB.)
 * Everything is named explicitly; no backing name is read or written.
 */
export async function mergeLayers(merging: Merging, vmGid: number): Promise<SealedFile> {
  if (merging.layers.length < 2) throw new Error('merging takes two layers at least')
  return inFolderOf(merging.into, async (folder, name) => {
    const temporary = temporaryName(name)
    await using opened = new AsyncDisposableStack()
    try {
      const files: FileHandle[] = []
      for (const { file } of [...merging.layers, ...merging.below]) files.push(opened.use((await openDrive(file)).file))
      const needed = await Promise.all(files.slice(0, merging.layers.length).map(async (file) => (await asSealed(file)).bytes))
      // A merge is not urgent, but guests stop when the disk is full, so it leaves them a reserve.
      await checkSpace(
        folder.path,
        needed.reduce((sum, each) => sum + each, wantedFreeBytes),
      )
      await copyLowest(merging, join(folder.path, temporary))
      const target = opened.use(await folder.file(temporary, 'write'))
      await writeUppers(merging, files, target)
      await target.chown(0, vmGid)
      await target.chmod(sealedMode)
      merging.signal?.throwIfAborted()
      await publish(temporary, name, folder)
      return await asSealed(target)
    } catch (error) {
      await folder.unlink(temporary)
      throw asSpaceError(await qemuImgError(error, folder.path), folder.path)
    }
  })
}

const work = (signal: AbortSignal | undefined) => ({ signal, timeoutMs: 3_600_000, isBackground: true })

/** By reference where the filesystem can, else without the holes (cp(1)). */
async function copyLowest({ layers, signal }: Merging, to: string): Promise<void> {
  const lowest = layers.at(-1)
  if (lowest) await run(['cp', '--reflink=auto', '--sparse=always', '--', lowest.file, to], work(signal))
}

/** `files`: all of the chain, topmost first. The target is its own box's meanwhile. */
async function writeUppers({ layers, below, signal }: Merging, files: readonly FileHandle[], target: FileHandle): Promise<void> {
  const [top, lowest] = [layers[0], layers.at(-1)] as [LayerFile, LayerFile]
  const rights = await rightsToRead(files)
  await target.chown(rights.uid, rights.gid)
  await target.chmod(0o600)
  const box = (args: readonly string[]) => boxedQemuImg(args, [target, ...files], rights, work(signal))
  const drives = files.map((_, index) => driveInBox(index + 1))
  const belowDrives = drives.slice(layers.length)
  if (top.sizeBytes !== lowest.sizeBytes) await box(['resize', '-q', '-f', 'qcow2', driveInBox(0), String(top.sizeBytes)])
  const end: ChainEnd = below.length === 0 ? { zerosBytes: top.sizeBytes } : null
  const into = chainOptions([driveInBox(0), ...belowDrives], end)
  for (let upper = layers.length - 2; upper >= 0; upper--) {
    // `-n`: into a file that exists. `-B` only says that the target has a backing file; its name is not opened (tried with one that does not exist).
    // `-W -m 8`: eight requests in parallel, in any order.
    const how = ['-n', '-q', '-W', '-m', '8', '-f', 'qcow2', '-O', 'qcow2', '-B', driveInBox(0), '-F', 'qcow2']
    await box(['convert', ...how, chainOptions(drives.slice(upper)), into])
  }
}

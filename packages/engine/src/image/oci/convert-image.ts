import { mkdir, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { writtenBackMeanwhile } from '../../disk/early-writeback.ts'
import { syncFile } from '../../disk/files.ts'
import { contentOffset, makeMappedFile, mappedLayout, writeMapping } from '../../disk/mapped-qcow2.ts'
import { requireSpace } from '../../disk/space.ts'
import { ProcessFailed } from '../../process/run-process.ts'
import { runBuild } from '../build/build-process.ts'
import { makeExt4 } from '../build/ext4.ts'
import type { ReportProgress } from '../cache/artefact.ts'
import { textsForShells } from './image-environment.ts'
import { type UnpackedTree, unpackLayers } from './layers/unpack.ts'
import type { FetchedImage } from './registry/fetch-image.ts'

const journalMiB = 64
/** As mke2fs has it for filesystems of this size (mke2fs.conf, inode_ratio). A filesystem that grows keeps it. */
const bytesPerInode = 16_384
const unitBytes = 64 * 2 ** 20
/** How often the filesystem is made anew, twice as big: on some filesystems of the host the tree takes less than it will. */
const growths = 3

export interface ConvertOptions {
  readonly cacheFolder: string
  /** An empty folder, thrown away afterwards. */
  readonly scratch: string
  /** To be written: a qcow2. */
  readonly disk: string
  /** As progress calls the image. */
  readonly of: string
  readonly report: ReportProgress
  readonly signal?: AbortSignal | undefined
}

/** What came of it. */
export interface ConvertedImage extends Pick<UnpackedTree, 'init' | 'shell'> {
  /** Virtual size of the disk. */
  readonly sizeBytes: number
}

/** Unpacks an image's layers and makes a disk of the tree, without mounting anything. Throws `image_refused`, `no_space`. */
export async function convertImage(image: FetchedImage, options: ConvertOptions): Promise<ConvertedImage> {
  const { cacheFolder, scratch, disk, of, report, signal } = options
  // Closed to everybody else: a set-id program of the image must not be within reach of the users of this host.
  const closed = resolve(scratch, 'closed')
  await mkdir(closed, { mode: 0o700 })
  const root = join(closed, 'root')
  await mkdir(root, { mode: 0o755 })
  let isFetched = false
  image.done.then(
    () => {
      isFetched = true
    },
    () => {},
  )
  const { inodes, bytes, init, shell } = await unpackLayers({
    cacheFolder,
    layers: image.layers,
    here: image.here,
    folder: root,
    added: textsForShells(image.config),
    onRead(read) {
      // Until all layers are here, their coming is what people wait for.
      if (isFetched)
        report({ step: 'Unpacking layers', message: `Unpacking ${of}`, percent: 60 + 20 * Math.min(1, read / image.bytes) })
    },
    signal,
  })
  report({ step: 'Making the filesystem', message: `Making the filesystem of ${of}`, percent: 80 })
  await requireSpace(scratch, bytes)
  const packed = join(closed, 'root.qcow2')
  const sizeBytes = await makeFitting(root, packed, filesystemFor(bytes, inodes), signal)
  report({ step: 'Writing to the disk', message: `Writing ${of} to the disk`, percent: 92 })
  await Promise.all([syncFile(packed), runBuild(['rm', '-rf', '--one-file-system', '--', root], { signal })])
  await rename(packed, disk)
  return { sizeBytes, ...(init === undefined ? {} : { init }), ...(shell === undefined ? {} : { shell }) }
}

interface Shape {
  readonly sizeBytes: number
  readonly inodeBytes: number
}

/** Room for the content, its inodes and a journal, and something to write before the drive is grown; inodes twice as many as there are. Pure. */
export function filesystemFor(contentBytes: number, inodes: number): Shape {
  const needed = contentBytes * 1.1 + inodes * 512 + journalMiB * 2 ** 20 + 2 * unitBytes
  const sizeBytes = Math.ceil(needed / unitBytes) * unitBytes
  const fitting = Math.floor(sizeBytes / (inodes * 2 + 1024) / 1024) * 1024
  return { sizeBytes, inodeBytes: Math.max(1024, Math.min(bytesPerInode, fitting)) }
}

/** A qcow2 in which mke2fs writes the filesystem itself, so that it is not copied once more. */
async function makeFitting(from: string, file: string, shape: Shape, signal: AbortSignal | undefined): Promise<number> {
  for (let growth = 0; ; growth++) {
    const sizeBytes = shape.sizeBytes * 2 ** growth
    const layout = mappedLayout(sizeBytes)
    await makeMappedFile(file, layout)
    try {
      const made = makeExt4({
        from,
        file,
        offsetBytes: contentOffset(layout),
        sizeBytes,
        label: 'root',
        journalMiB,
        bytesPerInode: shape.inodeBytes,
        keepsRootOwner: true,
        signal,
      })
      await writtenBackMeanwhile(file, made)
      await writeMapping(file, layout, signal)
      return sizeBytes
    } catch (error) {
      if (growth === growths || !(error instanceof ProcessFailed) || !/Could not allocate/.test(error.stderr)) throw error
      await rm(file, { force: true })
    }
  }
}

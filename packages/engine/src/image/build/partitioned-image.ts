import { open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { partitionStart, partitionTable, roomBehind, type TableKind } from '../../disk/partition-table.ts'
import { requireSpace } from '../../disk/space.ts'
import type { RootImage } from '../cache/artefact.ts'
import { type ArtefactKey, cached } from '../cache/cache.ts'
import type { CachedArtefact } from '../cache/record.ts'
import { runBuild } from './build-process.ts'
import { diskName, type ForcedBuild, toRootImage } from './root-image.ts'

/** Changed by hand whenever the steps below make something else of the same image. */
export const partitioningRevision = '1'

/** Name of the image whose root filesystem lies in a partition. */
export const partitionedName = (image: string, table: TableKind): string => `${image}+${table}`

/** The same filesystem as the image's, in the one partition of a drive. About two seconds. */
export async function buildPartitionedImage(
  image: RootImage,
  table: TableKind,
  key: ArtefactKey,
  { report, signal, force = false }: Omit<ForcedBuild, 'cacheFolder'>,
): Promise<RootImage> {
  const { name } = key
  const build = async (folder: string, scratch: string) => {
    await requireSpace(key.cacheFolder, image.bytes * 3)
    report({ step: 'Partitioning the image', message: 'Partitioning the image', percent: 97 })
    const sizeBytes = partitionStart + image.sizeBytes + roomBehind
    const raw = join(scratch, 'drive.raw')
    const file = await open(raw, 'wx')
    try {
      await file.truncate(sizeBytes)
      for (const { at, bytes } of partitionTable(table, sizeBytes, name)) await file.write(bytes, 0, bytes.length, at)
    } finally {
      await file.close()
    }
    const partition = `driver=raw,offset=${partitionStart},size=${image.sizeBytes},file.driver=file,file.filename=${raw}`
    await runBuild(['qemu-img', 'convert', '-n', '-f', 'qcow2', '--target-image-opts', image.disk, partition], { signal })
    const packed = join(scratch, diskName)
    await runBuild(['qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', raw, packed], { signal })
    await rm(raw)
    await rename(packed, join(folder, diskName))
    return { sizeBytes, ...(image.cannotBoot === undefined ? {} : { cannotBoot: image.cannotBoot }) }
  }
  const onWait = () => report({ step: 'Waiting', message: `Another process is building ${name}` })
  return toPartitionedImage(await cached(key, build, { signal, force, onWait }))
}

export function toPartitionedImage(artefact: CachedArtefact): RootImage {
  const { cannotBoot } = artefact.facts
  return { ...toRootImage(artefact), cannotBoot: cannotBoot === undefined ? undefined : `${cannotBoot}` }
}

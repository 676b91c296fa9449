import { join, relative } from 'node:path'
import { driveStillWritten } from '@ramet/model/errors/errors.ts'
import { lookAt } from '../disk/held-folder.ts'
import type { SealedFile } from '../disk/layer-store.ts'
import { removeTree } from '../disk/remove-tree.ts'
import { freeBytes, requireSpace } from '../disk/space.ts'
import type { HostParts } from '../run/host-parts.ts'
import { overlaysFolder } from '../run/run-folder.ts'
import type { LayerRecord } from '../run/run-record.ts'
import { syncMemory } from '../snapshot/keep.ts'
import { packRam } from '../snapshot/ram-file.ts'
import { snapshotFolder } from '../snapshot/snapshot-folder.ts'
import type { HostStorage, OverlayName, OverlayToLayer } from './host-storage.ts'
import { openInspection } from './open-inspection.ts'

type Parts = Pick<HostParts, 'home' | 'disks' | 'layers' | 'findStillWritten'>

export function localStorage({ home, disks, layers, findStillWritten }: Parts): HostStorage {
  const pathOf = ({ runId, overlay }: OverlayName) => join(overlaysFolder(home, runId), overlay)
  const paths = (file: OverlayToLayer) => ({ overlay: pathOf(file), layer: join(home, file.layer) })
  const fileOf = ({ file, sizeBytes }: LayerRecord) => ({ file: join(home, file), format: 'qcow2' as const, sizeBytes })
  const remove = async (files: readonly string[]) => {
    await Promise.all(files.map(removeTree))
  }
  const bytes = (files: readonly string[]) => Promise.all(files.map((path) => disks.bytes(path).catch(() => 0)))
  return {
    ...openInspection(home),
    seal: (files): Promise<SealedFile[]> => layers.seal(files.map(paths)),
    async unseal(file) {
      const { overlay, layer } = paths(file)
      await remove([layer])
      await layers.makeWritable(overlay)
    },
    async requireUnwritten(files) {
      const written = await findStillWritten(files.map((file) => join(home, file)))
      if (written !== undefined) throw driveStillWritten(relative(home, written))
    },
    isUntouched: (overlay) => layers.isUntouched(pathOf(overlay)),
    hasOverlay: (overlay) => disks.exists(pathOf(overlay)),
    merge: ({ layers: merged, below, into, signal }) =>
      layers.merge({
        layers: merged.map(fileOf),
        below: below.map(fileOf),
        into: join(home, into),
        ...(signal ? { signal } : {}),
      }),
    removeLayers: (files) => remove(files.map((file) => join(home, file))),
    removeOverlays: (overlays) => remove(overlays.map(pathOf)),
    removeSnapshots: (ids) => remove(ids.map((id) => snapshotFolder(home, id))),
    removeRam: (file) => remove([join(home, file)]),
    overlayBytes: (overlays) => bytes(overlays.map(pathOf)),
    fileBytes: (files) => bytes(files.map((file) => join(home, file))),
    async writtenAt(file) {
      const found = await lookAt(join(home, file)).catch(() => undefined)
      return found && Number(found.mtimeNs) / 1e6
    },
    syncMemory: (memories) => syncMemory(home, memories),
    async packRam(file, work) {
      const { path, ...ram } = await packRam(join(home, file), work)
      return { ...ram, file: relative(home, path) }
    },
    freeBytes: () => freeBytes(home),
    requireSpace: (neededBytes) => requireSpace(home, neededBytes),
  }
}

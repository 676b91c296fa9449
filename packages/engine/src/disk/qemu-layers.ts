import { chmod, chown, link, open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncFolder } from './files.ts'
import type { LayerStore, OverlayAndLayer, SealedFile } from './layer-store.ts'
import { mergeLayers } from './merge-layers.ts'
import { hasAllocatedClusters } from './qcow2-header.ts'
import { sealedFile } from './sealed-file.ts'
import { asSpaceError } from './space.ts'
import type { VmUser } from './vm-user.ts'

/** Layers as qcow2 files. `owner`: of overlays that no VM has. A VM may read every file that it is shown, and sees no other. */
export function qemuLayers(owner: VmUser): LayerStore {
  return {
    async seal(files) {
      try {
        const sealed = await Promise.all(files.map((each) => sealOne(each, owner)))
        // Makes the names durable; the content is durable already. Only after both may a row say that the layers are sealed.
        for (const folder of new Set(files.map(({ layer }) => dirname(layer)))) await syncFolder(folder)
        return sealed
      } catch (error) {
        throw asSpaceError(error, dirname(files[0]?.layer ?? ''))
      }
    },

    async makeWritable(overlay, uid = owner.uid) {
      await chown(overlay, uid, uid)
      await chmod(overlay, 0o600)
    },

    async isUntouched(overlay) {
      return !(await hasAllocatedClusters(overlay))
    },

    merge: (merging) => mergeLayers(merging, owner.gid),
  }
}

async function sealOne({ overlay, layer }: OverlayAndLayer, owner: VmUser): Promise<SealedFile> {
  await link(overlay, layer).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST' || !(await isSameFile(overlay, layer))) throw error
  })
  await chown(layer, 0, owner.gid)
  await chmod(layer, 0o444)
  const file = await open(layer, 'r')
  try {
    // A VM that was killed flushed nothing, so this fsync is needed whatever the guest did.
    await file.sync()
    return await sealedFile(layer)
  } finally {
    await file.close()
  }
}

async function isSameFile(a: string, b: string): Promise<boolean> {
  const [one, other] = await Promise.all([stat(a), stat(b)])
  return one.ino === other.ino && one.dev === other.dev
}

import { dirname } from 'node:path'
import { RametError } from '@ramet/model/errors/error.ts'
import { hasAllocatedClusters } from './drive-file.ts'
import { type HeldFolder, inFolderOf, openPlain } from './held-folder.ts'
import type { LayerStore, OverlayAndLayer, SealedFile } from './layer-store.ts'
import { mergeLayers } from './merge-layers.ts'
import { asSealed, sealedMode } from './sealed-file.ts'
import { asSpaceError } from './space.ts'
import type { VmUser } from './vm-user.ts'

/** Layers as qcow2 files. `owner`: of overlays that no VM has. A VM may read every file that it is shown, and sees no other. */
export function qemuLayers(owner: VmUser): LayerStore {
  return {
    async seal(files) {
      try {
        return await Promise.all(files.map((each) => seal(each, owner)))
      } catch (error) {
        throw asSpaceError(error, dirname(files[0]?.layer ?? ''))
      }
    },

    async makeWritable(overlay, uid = owner.uid) {
      await using file = await openPlain(overlay, 'read')
      await file.chown(uid, uid)
      await file.chmod(0o600)
    },

    async isUntouched(overlay) {
      try {
        return !(await hasAllocatedClusters(overlay))
      } catch (error) {
        // What cannot be read has something in it; what uses it says what is wrong.
        if (error instanceof RametError) return false
        throw error
      }
    },

    merge: (merging) => mergeLayers(merging, owner.gid),
  }
}

async function seal({ overlay, layer }: OverlayAndLayer, owner: VmUser): Promise<SealedFile> {
  return inFolderOf(overlay, (drives, from) =>
    inFolderOf(layer, async (layers, to) => {
      const isNew = await addName(drives, from, layers, to)
      try {
        return await sealAs(layers, to, owner)
      } catch (error) {
        if (isNew) await layers.unlink(to)
        throw error
      }
    }),
  )
}

/** False when the layer's name is there for the same file already. */
async function addName(drives: HeldFolder, from: string, layers: HeldFolder, to: string): Promise<boolean> {
  try {
    await drives.link(from, layers, to)
    return true
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST'
    if (!isThere || !(await isSame(drives, from, layers, to))) throw error
    return false
  }
}

async function isSame(drives: HeldFolder, from: string, layers: HeldFolder, to: string): Promise<boolean> {
  const [one, other] = await Promise.all([drives.look(from), layers.look(to)])
  return one.ino === other.ino && one.dev === other.dev
}

/** What got the layer's name, whatever the overlay's name is by now: in the layers' folder nobody but root changes names. */
async function sealAs(layers: HeldFolder, name: string, { gid }: VmUser): Promise<SealedFile> {
  await using file = await layers.file(name, 'read')
  await file.chown(0, gid)
  await file.chmod(sealedMode)
  // A VM that was killed flushed nothing, so this fsync is needed whatever the guest did. Only after the name is durable too may a row say that the layer is sealed.
  await file.sync()
  await layers.sync()
  return await asSealed(file)
}

import { chmod, link, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncFolder } from '../../disk/files.ts'
import type { LayerStore } from '../../disk/layer-store.ts'
import { sealedFile } from '../../disk/sealed-file.ts'
import { readFakeDrive, saveFakeDrive } from './fake-drive.ts'

/** Layers of pretend drives, with the names and the order of the real ones; owners need root and are left out. */
export const fakeLayers: LayerStore = {
  async seal(files) {
    const sealed = []
    for (const { overlay, layer } of files) {
      await link(overlay, layer).catch(async (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST' || (await stat(overlay)).ino !== (await stat(layer)).ino) throw error
      })
      await chmod(layer, 0o440)
      await syncFolder(dirname(layer))
      sealed.push(await sealedFile(layer))
    }
    return sealed
  },
  async makeWritable(overlay) {
    await chmod(overlay, 0o600)
  },
  async isUntouched(overlay) {
    return Object.keys((await readFakeDrive(overlay)).blocks).length === 0
  },
  async merge({ layers, into, signal }) {
    const drives = await Promise.all(layers.map(({ file }) => readFakeDrive(file)))
    signal?.throwIfAborted()
    const blocks = Object.assign({}, ...drives.toReversed().map((drive) => drive.blocks))
    await saveFakeDrive(into, { sizeBytes: drives[0]?.sizeBytes ?? 0, blocks })
    await chmod(into, 0o440)
    return sealedFile(into)
  },
}

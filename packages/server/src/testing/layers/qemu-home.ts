import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { qemuDisks, qemuLayers, root } from '@ramet/engine/testing'
import { setImage } from '../../store/images.ts'
import { TestHome } from '../test-home.ts'
import { qemuIo, writeCommand } from './qemu-io.ts'

/** A home with real qcow2 files, and an image `debian` whose layer `image` has this content, a byte a block. */
export async function qemuHome(content: readonly number[]): Promise<TestHome> {
  const disks = qemuDisks(root)
  let blank: string | undefined
  const home = await TestHome.make(qemuLayers(root), {
    ...disks,
    // An empty overlay of a size is always the same: copied, since that is faster than a process.
    async makeOverlay(file, on, sizeBytes) {
      if (blank === undefined) {
        blank = join(home.home, 'blank')
        await disks.makeOverlay(blank, on, sizeBytes)
      }
      await copyFile(blank, file)
      await home.layers.makeWritable(file)
    },
  })
  await home.addLayer('image')
  const chain = [join(home.home, 'layers/image.qcow2')]
  await qemuIo([{ chain, isReadOnly: false, commands: content.map((byte, place) => writeCommand(place, byte)) }])
  await home.sealAgain('image')
  await setImage(home.db, { name: 'debian', layerId: 'image', recipe: 'r' })
  return home
}

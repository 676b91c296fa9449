import { layerStoreConformance } from '../layer-store-conformance.ts'
import { fakeDisks } from './fake-disks.ts'
import { readFakeChain, writeFakeDrive } from './fake-drive.ts'
import { fakeLayers } from './fake-layers.ts'

layerStoreConformance('fake layers', async () => ({
  layers: fakeLayers,
  disks: fakeDisks,
  write: ([overlay = ''], block, byte) => writeFakeDrive(overlay, block, byte),
  read: readFakeChain,
}))

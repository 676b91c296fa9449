import { layerStoreConformance } from '../layer-store-conformance.ts'
import { fakeDisks } from './fake-disks.ts'
import { readFakeChain, writeFakeDrive } from './fake-drive.ts'
import { fakeLayers } from './fake-layers.ts'

layerStoreConformance('fake layers', async () => ({
  layers: fakeLayers,
  disks: fakeDisks,
  write: ([top = ''], block, byte) => writeFakeDrive(top, block, byte),
  read: readFakeChain,
}))

import { run } from '../process/run-process.ts'
import { layerStoreConformance } from '../testing/layer-store-conformance.ts'
import { chainOptions } from './qcow2-chain.ts'
import { qemuDisks } from './qemu-disks.ts'
import { qemuLayers } from './qemu-layers.ts'
import { ensureVmUser } from './vm-user.ts'

const user = await ensureVmUser('ramet')

layerStoreConformance('qcow2 layers', async () => ({
  layers: qemuLayers(user),
  disks: qemuDisks(user),
  async write(chain, block, byte) {
    await run(['qemu-io', '-c', `write ${byte === 0 ? '-z' : `-P ${byte}`} ${block * 4096} 4k`, chainOptions(chain)])
  },
  async read(chain, block) {
    const { stdout } = await run(['qemu-io', '-r', '-c', `read -v ${block * 4096} 1`, chainOptions(chain)])
    return Number.parseInt(/^[0-9a-f]+: {2}([0-9a-f]{2}) /m.exec(stdout)?.[1] ?? 'none', 16)
  },
}))

import { join } from 'node:path'
import { layerMissing } from '@ramet/model/errors/errors.ts'
import type { HostParts } from './host-parts.ts'
import type { RunRecord } from './run-record.ts'

/** Checks that a drive's layers exist before its chain is used. A missing layer (an unmounted disk, a mistaken `rm`) may come back, so memory on it is kept. Throws `layer_missing`. */
export async function mustHaveLayers({ home, disks }: Pick<HostParts, 'home' | 'disks'>, { drives }: RunRecord): Promise<void> {
  for (const { machine, index, layers } of drives) {
    for (const { file } of layers) if (!(await disks.exists(join(home, file)))) throw layerMissing(machine, index, file)
  }
}

import { join } from 'node:path'
import { layerMissing } from '@ramet/model/errors/errors.ts'
import type { HostParts } from './host-parts.ts'
import type { RunRecord } from './run-record.ts'

/** Before a drive's chain is handed to anybody. A layer that is gone (a disk that was not mounted, a hand that slipped) may be put back, so the memory that stands on it is kept. Throws `layer_missing`. */
export async function mustHaveLayers({ home, disks }: Pick<HostParts, 'home' | 'disks'>, { drives }: RunRecord): Promise<void> {
  for (const { machine, index, layers } of drives) {
    for (const { file } of layers) if (!(await disks.exists(join(home, file)))) throw layerMissing(machine, index, file)
  }
}

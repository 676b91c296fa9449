import { stat } from 'node:fs/promises'
import { vmFailed } from '@ramet/model/errors/errors.ts'
import type { VmMemory, VmSpec } from './vmm.ts'

/** Checks the length of a RAM file: with another length QEMU would change the file, or die of SIGBUS in the middle of a boot. */
export async function checkRam({ machine, ramMiB }: VmSpec, { ramFile }: VmMemory): Promise<void> {
  const size = await stat(ramFile).then(
    (found) => found.size,
    () => undefined,
  )
  if (size === undefined) throw vmFailed(machine, 'the file of its memory is gone.')
  if (size !== ramMiB * 1024 * 1024) throw vmFailed(machine, `the file of its memory has ${size} bytes instead of ${ramMiB} MiB.`)
}

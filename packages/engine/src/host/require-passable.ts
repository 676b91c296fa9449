import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { RametError } from '@ramet/model/errors/error.ts'

/**
 * Checks that everybody may pass through the folders above the home: QEMU and the runs' resolvers work there unprivileged.
 * Throws `home_not_reachable`, which names the folder that is closed.
 */
export async function requirePassable(home: string): Promise<void> {
  for (let folder = dirname(home); folder !== dirname(folder); folder = dirname(folder)) {
    if (((await stat(folder)).mode & 0o001) !== 0) continue
    throw new RametError(
      'home_not_reachable',
      409,
      `Only some users can pass through ${folder}, and VMs run as one that cannot.`,
      {
        hint: `Choose another RAMET_HOME than ${home}, or let everybody through: chmod o+x ${folder}`,
      },
    )
  }
}

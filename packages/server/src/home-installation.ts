import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomically } from '@ramet/engine'
import { RametError } from '@ramet/model/errors/error.ts'
import { describeAddress, type StoreAddress } from './store/address.ts'

/**
 * Checks that home and store belong together: otherwise layers that the store does not know would be reclaimed as leftovers. The home keeps the id of the
 * installation that its files belong to. Throws `home_of_another_store`.
 */
export async function bindHome(home: string, installation: string, address: StoreAddress): Promise<void> {
  const file = join(home, 'run', 'installation')
  const known = (await readFile(file, 'utf8').catch(() => '')).trim()
  // Homes that are older than this file have their store inside.
  const isOfFile = known === '' && 'url' in address && (await hasFile(join(home, 'ramet.sqlite')))
  if (isOfFile || (known !== '' && known !== installation)) {
    throw new RametError(
      'home_of_another_store',
      409,
      `${home} has the files of another store than ${describeAddress(address)}.`,
      {
        hint: `Name the store that belongs to it by RAMET_DATABASE (none: ${join(home, 'ramet.sqlite')}), or give this one a new home by RAMET_HOME. If the old store is gone for good, remove ${file}; files that the new one does not know are then removed.`,
      },
    )
  }
  if (known === '') await writeFileAtomically(file, installation)
}

const hasFile = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  )

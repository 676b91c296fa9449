import { appendFileSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'

/** Names the folder below which everything of one `npm test` lies; unset for a test file that is run by itself. */
export const rootVariable = 'RAMET_TEST_ROOT'
/** Names a folder in memory for homes without VMs, when the host has room for one. */
export const memoryVariable = 'RAMET_TEST_MEMORY'

/** The folder in memory that belongs to a root, whether there is one or not. */
export const memoryFolderOf = (root: string) => root.replace(/^\/var\/tmp\//, '/dev/shm/')

/** A new folder for one test. Short: paths of sockets below it are bounded. `inMemory`: for files whose way to a disk is not what is tested. */
export function testFolder(prefix: string, { inMemory = false } = {}): string {
  const { [rootVariable]: root, [memoryVariable]: memory } = process.env
  return mkdtempSync(join((inMemory && memory) || root || '/var/tmp', root ? `${prefix}-` : `rt-${prefix}-`))
}

/** So that what carries this installation's id is found on the host even when its home is gone already. */
export function noteInstallation(id: string): void {
  const root = process.env[rootVariable]
  if (root) appendFileSync(join(root, 'installations'), `${id}\n`)
}

import { readFile } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { migrationReaches, withEvents } from './migration.ts'
import { descriptors } from './qemu-jail.ts'
import type { QmpClient } from './qmp.ts'

/** Bound for loading device state, which takes 13 ms for 0.2 MB on an idle host. */
const loadWithinMs = 60_000

/** Loads the state of devices and CPUs into a QEMU that waits for it (`-incoming defer`). `into`: its descriptor for that. QEMU exits with 1 when it cannot read it. */
export async function loadState(qmp: QmpClient, into: Writable | null, stateFile: string): Promise<void> {
  const state = await readFile(stateFile)
  await qmp.execute('migrate-set-capabilities', { capabilities: [withEvents] })
  const completed = migrationReaches(qmp, ['completed'], loadWithinMs)
  completed.catch(() => {})
  await qmp.execute('migrate-incoming', { uri: `fd:${descriptors.state}` })
  into?.end(state)
  await completed
}

import { once } from 'node:events'
import { readFile, rm } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { migrationReaches, withEvents } from './migration.ts'
import type { QmpClient } from './qmp.ts'

/** Bound for loading device state, which takes 13 ms for 0.2 MB on an idle host. */
const loadWithinMs = 60_000

/** Loads the state of devices and CPUs into a QEMU that waits for it (`-incoming defer`). QEMU exits with 1 when it cannot read it. */
export async function loadState(qmp: QmpClient, socket: string, stateFile: string): Promise<void> {
  const state = await readFile(stateFile)
  await qmp.execute('migrate-set-capabilities', { capabilities: [withEvents] })
  const completed = migrationReaches(qmp, ['completed'], loadWithinMs)
  completed.catch(() => {})
  await qmp.execute('migrate-incoming', { uri: `unix:${socket}` })
  const connection = createConnection(socket)
  // When QEMU fails it closes the connection; its exit code and output say more than our broken pipe.
  connection.on('error', () => {})
  try {
    await Promise.race([once(connection, 'connect'), completed])
    connection.end(state)
    await completed
  } finally {
    connection.destroy()
    await rm(socket, { force: true })
  }
}

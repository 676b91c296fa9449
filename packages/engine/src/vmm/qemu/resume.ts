import { once } from 'node:events'
import { readFile, rm } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { migrationReaches, withEvents } from './migration.ts'
import type { QmpClient } from './qmp.ts'

/** 13 ms for 0.2 MB on an idle host. */
const loadWithinMs = 60_000

/** Gives a QEMU that waits for it (`-incoming defer`) the devices and CPUs. QEMU ends with exit code 1 when it does not understand them. */
export async function loadState(qmp: QmpClient, socket: string, stateFile: string): Promise<void> {
  const state = await readFile(stateFile)
  await qmp.execute('migrate-set-capabilities', { capabilities: [withEvents] })
  const completed = migrationReaches(qmp, ['completed'], loadWithinMs)
  completed.catch(() => {})
  await qmp.execute('migrate-incoming', { uri: `unix:${socket}` })
  const connection = createConnection(socket)
  // A QEMU that gives up closes its end; the exit code and its words tell more than our broken pipe.
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

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { snapshotFolder } from '@ramet/engine/testing'
import { now, transaction } from '../store/database.ts'
import { insertSnapshot } from '../store/snapshots.ts'
import type { TestHome } from './test-home.ts'

/** For tests: a run that is off, stopped with its memory, the snapshot `s` of the machine `m`. */
export async function stoppedWithMemory(home: TestHome, { isDurable = true } = {}): Promise<string> {
  await home.addLayer('base')
  const runId = await home.addRun('STOPPED', ['base', null])
  const folder = snapshotFolder(home.home, 's')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, '0.ram'), 'x'.repeat(100))
  await writeFile(join(folder, '0.state'), 'state')
  await transaction(home.db, async (trx) => {
    const machine = {
      machine: 'm',
      stateFile: 'snapshots/s/0.state',
      stateDigest: 'd',
      ramFile: 'snapshots/s/0.ram',
      ramBytes: 100,
    }
    await insertSnapshot(trx, {
      id: 's',
      kind: 'stop',
      runId,
      at: now(),
      stamp: '{}',
      bytes: 105,
      isDurable,
      machines: [machine],
    })
    await trx.updateTable('runs').set({ resume_from: 's' }).where('id', '=', runId).execute()
  })
  return runId
}

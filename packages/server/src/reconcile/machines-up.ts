import type { Db } from '../store/database.ts'
import { listMachines } from '../store/run-machines.ts'
import { goesOnFrom } from '../store/run-memory.ts'
import { readRun } from '../store/runs.ts'
import { listSnapshotMachines } from '../store/snapshots.ts'

/** Why a machine boots while the others of its run go on from kept memory. */
export const bootsAlone = 'It did not answer when the memory of its run was kept, so its own was not: it boots at the next start.'

export interface MachinesUp {
  /** Names of those whose memory is kept. */
  readonly resumed: readonly string[]
  readonly booting: readonly string[]
}

/** Divides the machines of a run that are wanted on by how they come up: a machine that did not answer when the memory was kept boots. */
export async function machinesUp(db: Db, runId: string): Promise<MachinesUp> {
  const snapshotId = goesOnFrom((await readRun(db, runId)).memory)
  const kept = snapshotId === undefined ? [] : await listSnapshotMachines(db, snapshotId)
  const wanted = (await listMachines(db, runId)).filter(({ wanted }) => wanted !== 'STOPPED').map(({ name }) => name)
  return { resumed: wanted.filter((name) => kept.includes(name)), booting: wanted.filter((name) => !kept.includes(name)) }
}

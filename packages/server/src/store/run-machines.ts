import type { Condition } from '@ramet/model/api/wire.ts'
import type { Db } from './database.ts'
import type { RunMachineRow } from './schema.ts'

/** All SQL on `run_machines`. What writes is called by `runs/machine.ts` alone (`npm run lint` sees to it). */

export async function findMachine(db: Db, runId: string, name: string): Promise<RunMachineRow | undefined> {
  return db.selectFrom('run_machines').selectAll().where('run_id', '=', runId).where('name', '=', name).executeTakeFirst()
}

/** In the order of the manifest. */
export async function listMachines(db: Db, runId: string): Promise<RunMachineRow[]> {
  return db.selectFrom('run_machines').selectAll().where('run_id', '=', runId).orderBy('machine_index').execute()
}

export function conditionsOf({ conditions }: Pick<RunMachineRow, 'conditions'>): Condition[] {
  return JSON.parse(conditions) as Condition[]
}

export const readyCondition = (row: Pick<RunMachineRow, 'conditions'>): Condition | undefined =>
  conditionsOf(row).find((condition) => condition.name === 'Ready')

/** Of a new run, in the order of the manifest. */
export async function insertMachines(
  trx: Db,
  runId: string,
  machines: readonly Pick<RunMachineRow, 'name' | 'state' | 'wanted'>[],
): Promise<void> {
  for (const [index, machine] of machines.entries()) {
    await trx
      .insertInto('run_machines')
      .values({ ...machine, run_id: runId, machine_index: index, conditions: '[]' })
      .execute()
  }
}

export type MachineValues = Partial<Pick<RunMachineRow, 'state' | 'wanted' | 'left_boot'>> & {
  readonly conditions?: readonly Condition[]
}

/** `name` undefined: all of the run. */
export async function updateMachine(
  trx: Db,
  runId: string,
  name: string | undefined,
  { conditions, ...values }: MachineValues,
): Promise<void> {
  const all = trx
    .updateTable('run_machines')
    .set({ ...values, ...(conditions === undefined ? {} : { conditions: JSON.stringify(conditions) }) })
    .where('run_id', '=', runId)
  await (name === undefined ? all : all.where('name', '=', name)).execute()
}

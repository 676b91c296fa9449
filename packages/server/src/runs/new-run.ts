import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import type { RunState } from '@ramet/model/run/run-state.ts'
import { defaultRunTitle } from '@ramet/model/run/run-title.ts'
import { type MemoryRule, requireMemory } from '../admission/admission.ts'
import { withinLifetime } from '../admission/allowances.ts'
import { newId } from '../playgrounds/new-id.ts'
import { type Db, now } from '../store/database.ts'
import { nextShortId } from '../store/installation.ts'
import { insertMachines } from '../store/run-machines.ts'
import type { RunMemory } from '../store/run-memory.ts'
import { insertRunRow, insertStateEvent } from '../store/runs.ts'
import type { NewRun } from '../store/schema.ts'
import { insertTasks } from '../store/tasks.ts'
import { endless, type Lifetime, lifeColumns } from './lifetime.ts'
import { keyColumns, type StartKey } from './start-key.ts'

export interface NewRunRequest extends Pick<NewRun, 'owner_id' | 'playground_id' | 'playground_name' | 'playground_title'> {
  readonly plan: RunPlan
  /** Default: `Run <id>`. */
  readonly title: string | undefined
  readonly clonedFrom: string | null
  /** False: the run begins STOPPED. */
  readonly start: boolean
  readonly memory: MemoryRule
  /** The snapshot that its first start resumes, and the machines that are then on; absent: it boots. */
  readonly resumes?:
    | { readonly snapshotId: string; readonly isBorrowed: boolean; readonly machines: readonly string[] }
    | undefined
  /** Why its first start boots, as a sentence, if the user may expect a resume. */
  readonly coldReason?: string | undefined
  /** Default: without end. */
  readonly lifetime?: Lifetime | undefined
  readonly key?: StartKey | undefined
  /** Default: a run of a user. */
  readonly purpose?: 'user' | 'warm-start'
}

/** Inserts the rows of a new run and its machines; nothing is on the host yet. Throws `not_enough_memory` for a run that starts. Call it in a transaction with what else belongs to the run. */
export async function insertRun(trx: Db, request: NewRunRequest): Promise<string> {
  const { title, clonedFrom, start, memory, coldReason = null, plan, resumes, lifetime = endless, key, ...values } = request
  const allowances = start ? await requireMemory(trx, memory, request) : {}
  const id = newId()
  const at = now()
  const history: RunState[] = start ? ['CREATED'] : ['CREATED', 'STOPPED']
  await insertRunRow(trx, {
    ...values,
    id,
    short_id: await nextShortId(trx),
    cloned_from: clonedFrom,
    title: title ?? defaultRunTitle(id),
    wanted: start ? 'RUNNING' : 'STOPPED',
    state: start ? 'CREATED' : 'STOPPED',
    plan,
    memory: memoryOf(resumes),
    cold_reason: coldReason,
    ...lifeColumns({ ...lifetime, minutes: withinLifetime(lifetime.minutes, allowances) }, start ? at : null),
    ...keyColumns(key),
    at,
  })
  await insertMachines(
    trx,
    id,
    // The others were off when it was taken, and stay so.
    plan.machines.map(({ name }) =>
      resumes && !resumes.machines.includes(name)
        ? { name, state: 'STOPPED', wanted: 'STOPPED' }
        : { name, state: start ? 'CREATED' : 'STOPPED', wanted: 'RUNNING' },
    ),
  )
  await insertTasks(trx, id, plan.tasks ?? [])
  for (const state of history) await insertStateEvent(trx, id, state, at)
  return id
}

const memoryOf = (resumes: NewRunRequest['resumes']): RunMemory =>
  resumes === undefined
    ? { kind: 'none' }
    : { kind: 'kept', snapshotId: resumes.snapshotId, isBorrowed: resumes.isBorrowed, stillMapped: null }

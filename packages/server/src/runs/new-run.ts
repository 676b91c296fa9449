import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import type { RunState } from '@ramet/model/run/run-state.ts'
import { defaultRunTitle } from '@ramet/model/run/run-title.ts'
import { type MemoryRule, requireMemory } from '../admission/admission.ts'
import { newId } from '../playgrounds/new-id.ts'
import { type Db, now } from '../store/database.ts'
import { nextShortId } from '../store/installation.ts'
import type { NewRun } from '../store/schema.ts'
import { insertTasks } from '../store/tasks.ts'
import { addStateEvent } from './run-rows.ts'

export interface NewRunRequest
  extends Pick<NewRun, 'owner_id' | 'playground_id' | 'playground_name' | 'playground_title' | 'plan'> {
  /** Default: `Run <id>`. */
  readonly title: string | undefined
  readonly clonedFrom: string | null
  /** Otherwise the run begins as a stopped one. */
  readonly start: boolean
  readonly memory: MemoryRule
  /** Why its first start boots, as a sentence, where somebody may expect otherwise. */
  readonly coldReason?: string | undefined
  /** Default: a user's. */
  readonly purpose?: 'user' | 'warm-start'
}

/** The rows of a new run and its machines; nothing on the host yet. Throws `not_enough_memory` for one that is to start. To be called in a transaction, with whatever else belongs to the run. */
export async function insertRun(trx: Db, request: NewRunRequest): Promise<string> {
  const { title, clonedFrom, start, memory, coldReason = null, ...values } = request
  if (start) await requireMemory(trx, memory, values)
  const id = newId()
  const at = now()
  const history: RunState[] = start ? ['CREATED'] : ['CREATED', 'STOPPED']
  await trx
    .insertInto('runs')
    .values({
      ...values,
      id,
      short_id: await nextShortId(trx),
      cloned_from: clonedFrom,
      title: title ?? defaultRunTitle(id),
      wanted: start ? 'RUNNING' : 'STOPPED',
      state: start ? 'CREATED' : 'STOPPED',
      failure: null,
      lease: null,
      resume_from: null,
      cold_reason: coldReason,
      created_at: at,
      updated_at: at,
      last_state_at: at,
    })
    .execute()
  const { machines, tasks = [] } = JSON.parse(values.plan) as RunPlan
  for (const [index, { name }] of machines.entries()) {
    await trx
      .insertInto('run_machines')
      .values({ run_id: id, name, machine_index: index, state: start ? 'CREATED' : 'STOPPED', conditions: '[]' })
      .execute()
  }
  await insertTasks(
    trx,
    id,
    tasks.map(({ name }) => name),
  )
  for (const state of history) await addStateEvent(trx, id, state, at)
  return id
}

import { isOff, type RunState, type WantedState } from '@ramet/model/run/run-state.ts'
import { type Db, now, transaction } from '../store/database.ts'
import { insertStateEvent } from '../store/runs.ts'

/** For tests: puts a run into a state, whatever it was in, as if it had come there. */
export async function putRun(db: Db, id: string, values: { readonly state?: RunState; readonly wanted?: WantedState }) {
  await transaction(db, async (trx) => {
    const at = now()
    const isAtRest = values.state !== undefined && isOff(values.state)
    await trx
      .updateTable('runs')
      .set({
        ...values,
        updated_at: at,
        ...(values.state === undefined ? {} : { last_state_at: at }),
        ...(isAtRest ? { maps_snapshot: null, asleep: 0 } : {}),
      })
      .where('id', '=', id)
      .execute()
    if (values.state !== undefined) await insertStateEvent(trx, id, values.state, at)
  })
}

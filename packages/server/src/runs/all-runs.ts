import type { SeenRun } from '@ramet/model/api/all-runs.ts'
import { notFound } from '@ramet/model/errors/errors.ts'
import type { AllRuns } from '../services.ts'
import { type Db, transaction } from '../store/database.ts'
import { type AnyRun, listAllRuns } from '../store/play-lists.ts'
import { findRun } from '../store/runs.ts'
import { noted } from '../store/users.ts'
import { transition } from './run.ts'

/** Everybody's runs, for admins: that they are there, and to stop them. What is asked for stands in no other service, so that nothing else of a run is opened by being admin. */
export const allRuns = (db: Db, stopping: (id: string) => void): AllRuns => ({
  list: async ({ limit = 500, cursor }) => (await listAllRuns(db, { limit, after: cursor })).map(seen),

  async stop(user, id) {
    await transaction(db, async (trx) => {
      const run = await findRun(trx, id)
      if (run?.purpose !== 'user' || run.state === 'DESTROYED')
        throw notFound('run', id, 'See which there are with: ramet playground list --all-users')
      await transition(trx, id, { action: 'stop' })
      await noted(user, trx, { subject: id, detail: 'by an admin', aboutId: run.owner_id })
    })
    stopping(id)
  },
})

function seen(run: AnyRun): SeenRun {
  const { machines } = run.plan
  const sum = (of: (machine: (typeof machines)[number]) => number) => machines.reduce((total, each) => total + of(each), 0)
  return {
    id: run.id,
    owner: run.owner_name,
    ...(run.playground_owner === null ? { playground: run.playground_name } : {}),
    state: run.state,
    createdAt: run.created_at,
    lastStateAt: run.last_state_at,
    machines: machines.length,
    cpus: sum(({ cpuCount }) => cpuCount),
    memoryBytes: sum(({ ramMiB }) => ramMiB) * 1024 ** 2,
  }
}

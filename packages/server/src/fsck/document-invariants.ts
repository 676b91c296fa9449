import type { Finding } from '@ramet/model/api/host.ts'
import { parseRunPlan } from '@ramet/model/plan/run-plan.ts'
import { isGone } from '@ramet/model/run/run-state.ts'
import type { AllRows } from '../store/all-rows.ts'

/** Documents in text columns can be parsed. One that cannot is a finding here, and other checks skip it. */
export function documentFindings(rows: AllRows): Finding[] {
  return [
    ...rows.runs.flatMap(({ id, state, plan, failure }) => {
      // Nobody reads the documents of destroyed runs.
      if (isGone(state)) return []
      const parsed = parseRunPlan(plan)
      return [
        ...('unreadable' in parsed ? [{ code: 'run_plan', subject: `run ${id}`, message: parsed.unreadable }] : []),
        ...mustBeJson('run_failure_unreadable', `run ${id}`, 'failure', failure),
      ]
    }),
    ...rows.run_machines.flatMap(({ run_id, name, conditions }) =>
      mustBeJson('machine_conditions', `machine ${run_id} ${name}`, 'conditions', conditions),
    ),
    ...rows.playgrounds.flatMap(({ id, removed_at, spec, categories }) =>
      removed_at !== null
        ? []
        : [
            ...mustBeJson('playground_spec', `playground ${id}`, 'spec', spec),
            ...mustBeJson('playground_spec', `playground ${id}`, 'categories', categories),
          ],
    ),
    ...rows.snapshots.flatMap(({ id, stamp }) => mustBeJson('snapshot_stamp', `snapshot ${id}`, 'stamp', stamp)),
  ]
}

function mustBeJson(code: string, subject: string, what: string, text: string | null): Finding[] {
  if (text === null) return []
  try {
    JSON.parse(text)
    return []
  } catch (error) {
    return [{ code, subject, message: `Its ${what} cannot be read: ${(error as Error).message}.` }]
  }
}

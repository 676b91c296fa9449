import type { ManifestSpec } from '@ramet/model/manifest/manifest.ts'
import { type Conditions, resolveConditions } from '@ramet/model/plan/init-conditions.ts'
import { makeRunPlan } from '@ramet/model/plan/make-run-plan.ts'
import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import { fitToHost, type HostShare } from '../admission/fit-to-host.ts'
import { matchesWithin } from './matches-within.ts'

/** Makes the plan of a new run of a playground on this host. Throws InvalidInput when `asked` does not go with its init conditions. */
export function planRun(spec: ManifestSpec, host: HostShare, asked: Conditions = {}): RunPlan {
  return fitToHost(makeRunPlan(spec, resolveConditions(spec, asked, matchesWithin())), host)
}

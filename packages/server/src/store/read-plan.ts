import { parseRunPlan } from '@ramet/model/plan/run-plan.ts'

type ReadPlan = ReturnType<typeof parseRunPlan>

const most = 200
/** By text, the least recently read first. */
const read = new Map<string, ReadPlan>()

/**
 * The plan of a row. Runs of a playground have the same text, so a list of many has few plans: each is parsed once, kept while it is used, and frozen, since
 * rows share it. (Parsing was most of what a page of 50 runs cost, in time and in garbage.)
 */
export function readPlan(text: string): ReadPlan {
  const plan = read.get(text) ?? frozen(parseRunPlan(text))
  read.delete(text)
  read.set(text, plan)
  for (const oldest of read.keys()) {
    if (read.size <= most) break
    read.delete(oldest)
  }
  return plan
}

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  for (const part of Object.values(value)) frozen(part)
  return Object.freeze(value)
}

import { z } from 'zod'

/** What one script of a repeated task did: `hintcheck` or `failcheck`. */
const checkResultSchema = z.object({ exitCode: z.int(), stdout: z.string(), stderr: z.string() })
export type CheckResult = z.infer<typeof checkResultSchema>

const checksSchema = z.object({ hintcheck: checkResultSchema.optional(), failcheck: checkResultSchema.optional() })
/** What the checks of a task said last; one that did not run, or had nothing to say any more, is absent. */
export type Checks = z.infer<typeof checksSchema>

export const formatChecks = (checks: Checks): string | null =>
  checks.hintcheck || checks.failcheck ? JSON.stringify(checks) : null

/** Reads the column of a row. Never throws: what cannot be read is as if nothing had been said. */
export function parseChecks(text: string | null): Checks {
  if (text === null) return {}
  try {
    return checksSchema.parse(JSON.parse(text))
  } catch {
    return {}
  }
}

import { InvalidInput, type Problem } from '@ramet/model/errors/error.ts'
import type { z } from 'zod'

/** Formats a path as `machines[0].drives[1].size`; the empty path is the whole input. */
export const fieldPath = (path: readonly PropertyKey[]): string =>
  path.map((key, at) => (typeof key === 'number' ? `[${key}]` : `${at === 0 ? '' : '.'}${String(key)}`)).join('')

/** Parses the input by its schema. Throws InvalidInput with every fault. */
export function validate<S extends z.ZodType>(schema: S, input: unknown): z.output<S> {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  throw new InvalidInput(400, parsed.error.issues.map(toProblem))
}

function toProblem(issue: z.core.$ZodIssue): Problem {
  const where = fieldPath(issue.path)
  return { code: 'invalid_input', message: issue.message, ...(where === '' ? {} : { where }) }
}

import { z } from 'zod'

/**
 * Every error a person can meet. `code` is stable (clients match on it); `hint` says what to do next;
 * `where` points into the input (`manifest.yaml:3:7`, or a field path such as `machines[0].drives[1].size`).
 */
export class RametError extends Error {
  readonly code: string
  readonly status: number
  readonly hint: string | undefined
  readonly where: string | undefined

  constructor(code: string, status: number, message: string, options: { hint?: string; where?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'RametError'
    this.code = code
    this.status = status
    this.hint = options.hint
    this.where = options.where
  }
}

/** One fault in some input. Several may be reported at once. */
export const problemSchema = z.object({
  code: z.string(),
  message: z.string(),
  hint: z.string().optional(),
  where: z.string().optional(),
  /** Absent: an error. A warning alone refuses nothing. */
  severity: z.literal('warning').optional(),
})
export type Problem = z.infer<typeof problemSchema>

/** The body of every non-2xx answer of the API. `problems` lists all faults of a rejected manifest; the outer fields repeat the first. */
export const errorBodySchema = problemSchema.extend({ problems: z.array(problemSchema).optional() })
export type ErrorBody = z.infer<typeof errorBodySchema>

/** Many faults in one input, reported together. */
export class InvalidInput extends RametError {
  readonly problems: readonly Problem[]

  constructor(status: number, problems: readonly Problem[]) {
    const first = problems[0] ?? { code: 'invalid_input', message: 'The input is not valid.' }
    super(first.code, status, first.message, { hint: first.hint, where: first.where })
    this.name = 'InvalidInput'
    this.problems = problems
  }
}

export function toErrorBody(error: RametError): ErrorBody {
  return {
    code: error.code,
    message: error.message,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error.where === undefined ? {} : { where: error.where }),
    ...(error instanceof InvalidInput ? { problems: [...error.problems] } : {}),
  }
}

export function fromErrorBody(status: number, body: ErrorBody): RametError {
  if (body.problems && body.problems.length > 0) return new InvalidInput(status, body.problems)
  return new RametError(body.code, status, body.message, { hint: body.hint, where: body.where })
}

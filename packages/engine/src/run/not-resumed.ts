import { RametError } from '@ramet/model/errors/error.ts'
import { isSpaceError } from '../disk/space.ts'
import type { RunContext } from './run-context.ts'
import type { Step } from './steps.ts'

/** The snapshot cannot be used: the run must boot from its drives instead. `message`: why, as a sentence. */
export class NotResumed extends RametError {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super('not_resumed', 409, message, options)
  }
}

/** Turns any failure of a step into `not_resumed`, except failures that would stop a boot as well. */
export const orBoot = (step: Step<RunContext>): Step<RunContext> => ({
  ...step,
  done: (context) => asNotResumed(context, () => step.done(context)),
  do: (context) => asNotResumed(context, () => step.do(context)),
})

async function asNotResumed<T>({ signal }: RunContext, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof NotResumed || isOfTheHost(error)) throw error
    throw new NotResumed(`Its memory could not be resumed: ${(error as Error).message}`, { cause: error })
  }
}

const isOfTheHost = (error: unknown) =>
  isSpaceError(error) || (error instanceof RametError && ['layer_missing', 'no_space'].includes(error.code))

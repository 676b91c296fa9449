/**
 * A run is brought from what is observed to what is wanted by named, idempotent steps. Naming them is what makes crash tests possible:
 * the fault injector kills the server *after* `make-overlays`, not "sometime".
 */
export interface Step<C> {
  readonly name: string
  /** For people, while it is under way. */
  readonly message: string
  /** True when the world already is as this step would leave it. Asked first, so a step is never done twice. */
  done(context: C): Promise<boolean>
  do(context: C): Promise<void>
}

export interface Workflow<C> {
  /** Begin each step's name in reports and in the fault injector: `start/make-overlays`. */
  readonly name: string
  /** One after the other; those in a list of their own need nothing of each other and are taken side by side. */
  readonly steps: readonly (Step<C> | readonly Step<C>[])[]
}

/** As they are called in reports and by the fault injector. */
export const stepNamesOf = <C>({ name, steps }: Workflow<C>): string[] => steps.flat().map((step) => `${name}/${step.name}`)

export interface Watch {
  /** Told before each step that has something to do. */
  readonly onStep?: (name: string, message: string) => void
  /** Told after each step that did something; may throw, or end the process. */
  readonly afterStep?: (name: string) => void | Promise<void>
  /** Asked between steps; a fired signal ends the workflow with its reason. */
  readonly signal?: AbortSignal
}

export async function runWorkflow<C>(workflow: Workflow<C>, context: C, watch: Watch = {}): Promise<void> {
  const take = async (step: Step<C>) => {
    if (await step.done(context)) return
    const name = `${workflow.name}/${step.name}`
    watch.onStep?.(name, step.message)
    await step.do(context)
    await watch.afterStep?.(name)
  }
  for (const step of workflow.steps) {
    watch.signal?.throwIfAborted()
    // When one fails the others are still at work: what comes next must not meet them.
    const failed = (await Promise.allSettled([step].flat().map(take))).find(({ status }) => status === 'rejected')
    if (failed?.status === 'rejected') throw failed.reason
  }
  watch.signal?.throwIfAborted()
}

/**
 * A run is brought from what is observed to what is wanted by named, idempotent steps. Naming them is what makes crash tests possible:
 * the fault injector kills the server *after* `make-overlays`, not "sometime".
 */
export interface Step<C> {
  readonly name: string
  /** Shown to people while the step is under way. */
  readonly message: string
  /** True when the world already is as this step would leave it. Asked first, so a step is never done twice. */
  done(context: C): Promise<boolean>
  do(context: C): Promise<void>
}

export interface Workflow<C> {
  /** Prefix of each step's name in reports and in the fault injector: `start/make-overlays`. */
  readonly name: string
  /** Steps are performed in order. Steps in an inner list are independent, and are performed in parallel. */
  readonly steps: readonly (Step<C> | readonly Step<C>[])[]
}

/** Names of the steps, as reports and the fault injector use them. */
export const stepNamesOf = <C>({ name, steps }: Workflow<C>): string[] => steps.flat().map((step) => `${name}/${step.name}`)

export interface Watch<C> {
  /** Called before each step that has something to do. */
  readonly onStep?: (name: string, message: string) => void
  /** Called after each step that did something. It may throw, or end the process. */
  readonly afterStep?: (name: string) => void | Promise<void>
  /** Checked between steps; an aborted signal ends the workflow with its reason. */
  readonly signal?: AbortSignal
  /** Makes the contexts of a step: what it looks with, and what it works with right after that. Default: the workflow's own. */
  readonly contextsOf?: (context: C) => { readonly looks: C; readonly works: C }
}

export async function runWorkflow<C>(workflow: Workflow<C>, context: C, watch: Watch<C> = {}): Promise<void> {
  const take = async (step: Step<C>) => {
    const { looks, works } = watch.contextsOf?.(context) ?? { looks: context, works: context }
    if (await step.done(looks)) return
    const name = `${workflow.name}/${step.name}`
    watch.onStep?.(name, step.message)
    await step.do(works)
    await watch.afterStep?.(name)
  }
  for (const step of workflow.steps) {
    watch.signal?.throwIfAborted()
    // When one fails the others still run: wait for them before anything else begins.
    const failed = (await Promise.allSettled([step].flat().map(take))).find(({ status }) => status === 'rejected')
    if (failed?.status === 'rejected') throw failed.reason
  }
  watch.signal?.throwIfAborted()
}

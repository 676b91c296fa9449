/**
 * What a task of a playground is for. init: runs once, before the playground is handed over; regular: repeated until it exits with 0, as a check of what a person is
 * to do; helper: repeated for as long as the run is on.
 */
export const taskKinds = ['init', 'regular', 'helper'] as const
export type TaskKind = (typeof taskKinds)[number]

/** The kind that a manifest says. One that says nothing is an init task: authors leave `init` out under `initTasks`. */
export function taskKind({
  init,
  helper,
}: {
  readonly init?: boolean | undefined
  readonly helper?: boolean | undefined
}): TaskKind {
  if (helper) return 'helper'
  return init === false ? 'regular' : 'init'
}

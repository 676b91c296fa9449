import type { PlanTask } from '@ramet/model/plan/run-plan.ts'
import type { TaskAtWork } from '@ramet/model/run/task-state.ts'
import type { Run } from '../store/runs.ts'
import type { TaskRow } from '../store/schema.ts'

/** Returns the definitions of a run's tasks, in the order of the manifest. */
export const plannedTasks = ({ plan }: Pick<Run, 'plan'>): readonly PlanTask[] => plan.tasks ?? []

/** Returns the names of tasks on one machine. */
export const tasksOn = (row: Pick<Run, 'plan'>, machine: string): string[] =>
  plannedTasks(row)
    .filter((task) => task.machine === machine)
    .map(({ name }) => name)

/** Pairs definitions of tasks with their rows. */
export function tasksAtWork<R extends Pick<TaskRow, 'name' | 'status'>>(
  plan: readonly PlanTask[],
  rows: readonly R[],
): (PlanTask & TaskAtWork & { row: R })[] {
  const byName = new Map(rows.map((row) => [row.name, row]))
  return plan.flatMap((task) => {
    const row = byName.get(task.name)
    return row ? [{ ...task, status: row.status, row }] : []
  })
}

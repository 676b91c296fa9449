import type { PlanTask } from '@ramet/model/plan/run-plan.ts'
import type { TaskAtWork } from '@ramet/model/run/task-state.ts'
import type { Run } from '../store/runs.ts'
import type { TaskRow } from '../store/schema.ts'

/** Definitions of a run's tasks, in the order of the manifest. */
export const plannedTasks = ({ plan }: Pick<Run, 'plan'>): readonly PlanTask[] => plan.tasks ?? []

/** Names of those on one machine. */
export const tasksOn = (row: Pick<Run, 'plan'>, machine: string): string[] =>
  plannedTasks(row)
    .filter((task) => task.machine === machine)
    .map(({ name }) => name)

/** Definitions and how they are, side by side. */
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

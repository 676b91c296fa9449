import { z } from 'zod'
import type { TaskKind } from '../plan/task-kind.ts'

/** Statuses of a task, as labctl knows them (reference: labctl `api/plays`). */
export const taskStatus = { created: 10, blocked: 20, running: 30, failed: 35, completed: 40 } as const
export type TaskStatus = (typeof taskStatus)[keyof typeof taskStatus]

/** On the wire any whole number, as clients of other versions may meet others (0: none). */
export const taskStatusSchema = z.int()

const words: Readonly<Record<number, string>> = {
  [taskStatus.created]: 'waiting',
  [taskStatus.blocked]: 'blocked',
  [taskStatus.running]: 'running',
  [taskStatus.failed]: 'failed',
  [taskStatus.completed]: 'completed',
}

/** For people. */
export const taskStatusWord = (status: number): string => words[status] ?? 'unknown'

/** Nothing changes it any more but a retry that somebody asks for: a task runs once, and a repeated one until it has succeeded. */
export const isTaskOver = (status: number): boolean => status === taskStatus.completed || status === taskStatus.failed

export interface TaskAtWork {
  readonly name: string
  /** Absent: init. */
  readonly kind?: TaskKind | undefined
  readonly needs: readonly string[]
  readonly status: number
}

/**
 * What a task can still come to. `over`: it ended; `ready`: all it needs has completed, so it may begin or is running; `waits`: something it needs
 * may still complete; `never`: something it needs, directly or not, failed.
 */
export type TaskOutlook = 'over' | 'ready' | 'waits' | 'never'

/** Pure: the outlook of each task by name. A repeated one needs all init tasks besides what it says. Each is looked at once, however densely they need each other. Expects no cycles. */
export function taskOutlooks(tasks: readonly TaskAtWork[]): ReadonlyMap<string, TaskOutlook> {
  const byName = new Map(tasks.map((task) => [task.name, task]))
  const inits = tasks.filter(isInit).map(({ name }) => name)
  const known = new Map<string, TaskOutlook>()
  const look = (task: TaskAtWork): TaskOutlook => {
    const before = known.get(task.name)
    if (before !== undefined) return before
    const outlook = isTaskOver(task.status) ? 'over' : ofNeeds(isInit(task) ? task.needs : [...inits, ...task.needs])
    known.set(task.name, outlook)
    return outlook
  }
  const ofNeeds = (needs: readonly string[]): TaskOutlook => {
    let outlook: TaskOutlook = 'ready'
    for (const name of needs) {
      const need = byName.get(name)
      if (need?.status === taskStatus.completed) continue
      if (!need || need.status === taskStatus.failed || look(need) === 'never') return 'never'
      outlook = 'waits'
    }
    return outlook
  }
  for (const task of tasks) look(task)
  return known
}

/**
 * The one place that says when all init tasks of a run are over: each has completed, failed, or can never begin since something it needs failed.
 * A run without tasks is over at once. Whether all went well is another question: all completed.
 */
export function areInitTasksOver(tasks: readonly TaskAtWork[]): boolean {
  const outlooks = taskOutlooks(tasks.filter(isInit))
  return [...outlooks.values()].every((outlook) => outlook === 'over' || outlook === 'never')
}

const isInit = ({ kind = 'init' }: Pick<TaskAtWork, 'kind'>) => kind === 'init'

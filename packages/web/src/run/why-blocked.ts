import type { PlayTaskDetails } from '@ramet/model/api/wire.ts'
import { taskKind } from '@ramet/model/plan/task-kind.ts'
import { taskStatus } from '@ramet/model/run/task-state.ts'

type Looked = Pick<PlayTaskDetails, 'name' | 'needs' | 'status' | 'init' | 'helper'>

/** What a blocked task waits for, as a sentence: what it needs and has not completed, and of a repeated one the init tasks besides. Pure. */
export function whyBlocked(task: Looked, all: readonly Looked[]): string | undefined {
  if (task.status !== taskStatus.blocked) return undefined
  const open = all.filter(({ status }) => status !== taskStatus.completed)
  const needed = open.filter(({ name }) => task.needs.includes(name))
  if (needed.length > 0) return `Needs ${needed.map(({ name }) => name).join(', ')}.`
  const inits = taskKind(task) === 'init' ? [] : open.filter((each) => taskKind(each) === 'init')
  if (inits.length > 0) return `Begins when all init tasks have completed: not yet ${inits.map(({ name }) => name).join(', ')}.`
  return undefined
}

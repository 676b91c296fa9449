import { type Fault, fault, warning } from '../errors/fault.ts'
import { type TaskKind, taskKind } from '../plan/task-kind.ts'
import { taskNameSchema } from '../units/names.ts'
import { limits, type ManifestInitTask, type ManifestSpec } from './manifest.ts'
import { knownMachine } from './names-in-spec.ts'

/** Names, machines and needs of init tasks, which must not wait for each other in a circle. */
export function taskFaults(spec: ManifestSpec, partial: boolean): Fault[] {
  const tasks = new Map(Object.entries(spec.initTasks ?? {}))
  const faults: Fault[] = []
  if (tasks.size > limits.initTasks) {
    const message = `\`initTasks\` has ${tasks.size} entries; at most ${limits.initTasks} are allowed.`
    return [fault('too_many', ['initTasks'], message, `Leave out ${tasks.size - limits.initTasks} of them.`, 'key')]
  }
  for (const [name, task] of tasks) {
    const path = ['initTasks', name]
    if (!taskNameSchema.safeParse(name).success) {
      faults.push(
        fault(
          'invalid_value',
          path,
          `A task cannot be called ${JSON.stringify(name.slice(0, 80))}.`,
          'Use up to 63 letters, digits, dots, - and _, beginning with a letter or digit.',
          'key',
        ),
      )
    }
    faults.push(...knownMachine(spec, task.machine, [...path, 'machine'], partial), ...kindFaults(name, task, spec))
    for (const [index, need] of task.needs.entries()) {
      const needed = tasks.get(need)
      if (needed) {
        faults.push(...needFaults(name, task, need, taskKind(needed), index))
        continue
      }
      faults.push(
        fault(
          'unknown_task',
          [...path, 'needs', index],
          `The task ${name} needs ${need}, which does not exist.`,
          `There are: ${[...tasks.keys()].join(', ')}.`,
        ),
      )
    }
  }
  const cycle = findCycle(tasks)
  if (cycle) {
    faults.push(
      fault(
        'task_cycle',
        ['initTasks', cycle[0] as string, 'needs'],
        `These tasks wait for each other: ${cycle.join(' → ')}.`,
        'Take one of the needs away.',
      ),
    )
  }
  return faults
}

const repeated: Readonly<Record<TaskKind, string>> = {
  init: '',
  regular: 'is repeated until somebody has done what it checks',
  helper: 'is repeated for as long as the run is on',
}

/** What a task of one kind does not do for another. Told: what needs it waits for what that one needs instead (plan/init-conditions.ts). */
function needFaults(name: string, task: ManifestInitTask, need: string, kind: TaskKind, index: number): Fault[] {
  if (kind === 'init' || (kind === 'regular' && taskKind(task) !== 'init')) return []
  const message = `The task ${name} does not wait for ${need}, which ${repeated[kind]}.`
  return [warning('not_acted_on', ['initTasks', name, 'needs', index], message, `Leave ${need} out of its needs.`)]
}

function kindFaults(name: string, task: ManifestInitTask, { machines }: ManifestSpec): Fault[] {
  const faults: Fault[] = []
  const [first] = machines
  if (task.machine === undefined && first && machines.length > 1)
    faults.push(
      warning(
        'default_machine',
        ['initTasks', name],
        `The task ${name} names no machine; it runs on ${first.name}.`,
        'Name one.',
        'key',
      ),
    )
  if (taskKind(task) !== 'init') return faults
  for (const check of ['hintcheck', 'failcheck'] as const)
    if (task[check] !== undefined)
      faults.push(
        warning(
          'not_acted_on',
          ['initTasks', name, check],
          `The ${check} of ${name} never runs: only tasks that are repeated have one.`,
          'Such a task has `init: false`.',
          'key',
        ),
      )
  return faults
}

function findCycle(tasks: ReadonlyMap<string, { readonly needs: readonly string[] }>): string[] | undefined {
  const finished = new Set<string>()
  const visit = (name: string, trail: readonly string[]): string[] | undefined => {
    const at = trail.indexOf(name)
    if (at >= 0) return [...trail.slice(at), name]
    if (finished.has(name)) return undefined
    for (const need of tasks.get(name)?.needs ?? []) {
      const cycle = visit(need, [...trail, name])
      if (cycle) return cycle
    }
    finished.add(name)
    return undefined
  }
  for (const name of tasks.keys()) {
    const cycle = visit(name, [])
    if (cycle) return cycle
  }
  return undefined
}

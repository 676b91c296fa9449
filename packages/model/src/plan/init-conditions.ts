import { closest } from '../errors/closest.ts'
import { InvalidInput, type Problem } from '../errors/error.ts'
import type { ManifestSpec } from '../manifest/manifest.ts'
import { type TaskKind, taskKind } from './task-kind.ts'

/** Values of a playground's init conditions in one run, by key. A key without a value is one that may be without. */
export type Conditions = Readonly<Record<string, string>>

/**
 * What the init conditions come to: what was asked for at the start (labctl: `initConditions`), else their defaults. `matches`: whether a text matches a
 * pattern of the manifest's author, within bounds of time. Throws InvalidInput (400) with each one that is unknown, missing or not allowed.
 */
export function resolveConditions(
  spec: Pick<ManifestSpec, 'initConditions'>,
  asked: Conditions,
  matches: (pattern: string, text: string) => boolean,
): Conditions {
  const known = spec.initConditions?.values ?? []
  const keys = known.map(({ key }) => key)
  const problems: Problem[] = []
  for (const key of Object.keys(asked)) {
    if (keys.includes(key)) continue
    const near = closest(key, keys)
    const there = keys.length === 0 ? 'The playground has none.' : `There are: ${keys.join(', ')}.`
    const hint = `${near === undefined ? '' : `Did you mean ${near}? `}${there}`
    problems.push({
      code: 'unknown_condition',
      message: `There is no init condition ${key}.`,
      hint,
      where: `initConditions.${key}`,
    })
  }
  const values: [string, string][] = []
  for (const { key, options, default: standard, nullable, placeholder, validationRegex } of known) {
    const where = `initConditions.${key}`
    const value = Object.hasOwn(asked, key) ? asked[key] : standard
    const choice = options.length > 0 ? `One of: ${options.join(', ')}.` : placeholder && `Such as ${placeholder}.`
    const hint = [choice, `Give it with: -i ${key}=VALUE`].filter(Boolean).join(' ')
    if (value === undefined) {
      if (!nullable) problems.push({ code: 'missing_condition', message: `The init condition ${key} has no value.`, hint, where })
    } else if (options.length > 0 && !options.includes(value)) {
      problems.push({
        code: 'invalid_condition',
        message: `The init condition ${key} cannot be ${JSON.stringify(value)}.`,
        hint,
        where,
      })
    } else if (validationRegex && !matches(validationRegex, value)) {
      const message = `The init condition ${key} cannot be ${JSON.stringify(value)}: it must match ${validationRegex}`
      problems.push({ code: 'invalid_condition', message, hint, where })
    } else values.push([key, value])
  }
  if (problems.length > 0) throw new InvalidInput(400, problems)
  return Object.fromEntries(values)
}

interface Task {
  readonly init?: boolean | undefined
  readonly helper?: boolean | undefined
  readonly needs: readonly string[]
  readonly conditions: readonly { readonly key: string; readonly value: string }[]
}

/** Kinds that a task of a kind can wait for: nobody waits for what never ends, and a start not for what a person has yet to do. */
const waitsFor: Readonly<Record<TaskKind, readonly TaskKind[]>> = {
  init: ['init'],
  regular: ['init', 'regular'],
  helper: ['init', 'regular'],
}

/**
 * The tasks whose conditions all hold. A dropped one is not there at all: what needed it waits for what that one needed, so that the order of the
 * others stays. The same holds for a need of a kind that is not waited for. Expects tasks without a circle of needs.
 */
export function tasksThatApply<T extends Task>(
  tasks: Readonly<Record<string, T>>,
  values: Conditions,
): [name: string, task: T][] {
  const applies = ({ conditions }: Task) =>
    conditions.every(({ key, value }) => Object.hasOwn(values, key) && values[key] === value)
  const all = new Map(Object.entries(tasks))
  /** The task itself, or what stands for it, as a task of this kind needs it. */
  const standingFor = (kind: TaskKind) => {
    const met = new Map<string, readonly string[]>()
    const standing = (name: string): readonly string[] => {
      const known = met.get(name)
      if (known) return known
      const task = all.get(name)
      const isThere = task === undefined || (applies(task) && waitsFor[kind].includes(taskKind(task)))
      const found = isThere ? [name] : [...new Set(task.needs.flatMap(standing))]
      met.set(name, found)
      return found
    }
    return standing
  }
  const standing = { init: standingFor('init'), regular: standingFor('regular'), helper: standingFor('helper') }
  return [...all]
    .filter(([, task]) => applies(task))
    .map(([name, task]) => [name, { ...task, needs: [...new Set(task.needs.flatMap(standing[taskKind(task)]))] }])
}

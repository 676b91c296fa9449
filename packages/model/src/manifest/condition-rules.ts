import { closest } from '../errors/closest.ts'
import { type Fault, fault, warning } from '../errors/fault.ts'
import type { ManifestSpec } from './manifest.ts'

/** Init conditions, and what tasks say of them. `partial`: the base may have them. */
export function conditionFaults(spec: ManifestSpec, partial: boolean): Fault[] {
  const values = spec.initConditions?.values ?? []
  const keys = values.map(({ key }) => key)
  const faults = values.flatMap(({ key, default: standard, options, validationRegex }, index): Fault[] => {
    const path = ['initConditions', 'values', index]
    if (keys.indexOf(key) < index) {
      return [
        fault('duplicate_name', [...path, 'key'], `There is already an init condition ${key}.`, 'Give each a key of its own.'),
      ]
    }
    if (validationRegex !== undefined && !isPattern(validationRegex)) {
      const hint = 'It is a regular expression of JavaScript, such as ^v\\d+$.'
      return [fault('invalid_value', [...path, 'validationRegex'], `${validationRegex} is no regular expression.`, hint)]
    }
    if (standard === undefined || options.length === 0 || options.includes(standard)) return []
    const message = `The default ${standard} of the init condition ${key} is none of its options.`
    return [fault('invalid_value', [...path, 'default'], message, `One of: ${options.join(', ')}.`)]
  })
  for (const [name, task] of partial ? [] : Object.entries(spec.initTasks ?? {})) {
    for (const [index, { key, value }] of task.conditions.entries()) {
      const path = ['initTasks', name, 'conditions', index]
      const condition = values.find((one) => one.key === key)
      const near = closest(key, keys)
      if (!condition) {
        const hint = `${near === undefined ? '' : `Did you mean ${near}? `}There are: ${keys.join(', ') || 'none'}.`
        faults.push(
          warning(
            'unknown_condition',
            [...path, 'key'],
            `There is no init condition ${key}, so the task ${name} never runs.`,
            hint,
          ),
        )
      } else if (condition.options.length > 0 && !condition.options.includes(value)) {
        const message = `The init condition ${key} is never ${JSON.stringify(value)}, so the task ${name} never runs.`
        faults.push(warning('unknown_condition', [...path, 'value'], message, `One of: ${condition.options.join(', ')}.`))
      }
    }
  }
  return faults
}

function isPattern(text: string): boolean {
  try {
    new RegExp(text)
    return true
  } catch {
    return false
  }
}

import { type Fault, fault, type Path } from '../errors/fault.ts'
import { limits } from './manifest.ts'

/** Bounds on any document before it meets a schema. Depth: a manifest needs 8. Nodes: five machines full of everything stay below 5000. */
const maxDepth = 32
const maxNodes = 50_000

/**
 * A copy of a plain JSON-like value, and what in it goes beyond all bounds: too deep, too many nodes, too much text (once aliases are expanded), or a
 * field called `__proto__`, which some code would take for more than a name. Shared parts become separate.
 */
export function copyBounded(input: unknown): { value?: unknown; faults: Fault[] } {
  const faults: Fault[] = []
  let nodes = 0
  let characters = 0
  const copy = (value: unknown, path: Path): unknown => {
    nodes += 1
    if (typeof value === 'string') characters += value.length
    if (nodes > maxNodes || characters > limits.manifestBytes) {
      throw fault(
        'manifest_too_large',
        path.slice(0, 2),
        'The manifest is too large once its aliases are expanded.',
        'Write less, or use fewer aliases.',
      )
    }
    if (typeof value !== 'object' || value === null) return value
    if (path.length > maxDepth) {
      throw fault(
        'nested_too_deep',
        path.slice(0, 2),
        `The manifest is nested deeper than ${maxDepth} levels.`,
        'A manifest needs fewer than ten.',
      )
    }
    if (Array.isArray(value)) return value.map((item, index) => copy(item, [...path, index]))
    const result: Record<string, unknown> = {}
    for (const [key, item] of Object.entries(value)) {
      characters += key.length
      if (key === '__proto__') {
        faults.push(fault('unknown_field', [...path, key], 'A field cannot be called __proto__.', 'Leave it out.', 'key'))
      } else result[key] = copy(item, [...path, key])
    }
    return result
  }
  try {
    return { value: copy(input, []), faults }
  } catch (error) {
    if (error instanceof Error) throw error
    return { faults: [...faults, error as Fault] }
  }
}

/** Spellings of other clients of the same API, and ours. */
export const otherSpellings: Readonly<Record<string, string>> = { noSsh: 'noSSH', timeoutSeconds: 'timeout_seconds' }

/** Renames `noSsh` and `timeoutSeconds` (the Terraform provider's) in place; a fault where both spellings stand and differ. `specPath`: where the spec is in `value`. */
export function renameSpellings(value: unknown, specPath: Path): Fault[] {
  const faults: Fault[] = []
  const rename = (item: unknown, from: string, path: Path) => {
    const to = otherSpellings[from] as string
    if (!isRecord(item) || !Object.hasOwn(item, from)) return
    // Who sends back what was answered sends both.
    if (Object.hasOwn(item, to) && item[to] !== item[from]) {
      faults.push(
        fault('duplicate_key', [...path, from], `\`${from}\` and \`${to}\` are the same field.`, `Leave \`${from}\` out.`, 'key'),
      )
    } else item[to] = item[from]
    delete item[from]
  }
  const spec = specPath.reduce<unknown>((found, step) => (isRecord(found) ? found[step] : undefined), value)
  if (!isRecord(spec)) return faults
  if (Array.isArray(spec.machines)) {
    for (const [index, machine] of spec.machines.entries()) rename(machine, 'noSsh', [...specPath, 'machines', index])
  }
  if (isRecord(spec.initTasks)) {
    for (const [name, task] of Object.entries(spec.initTasks)) rename(task, 'timeoutSeconds', [...specPath, 'initTasks', name])
  }
  return faults
}

export const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

import type { z } from 'zod'
import { closest } from '../errors/closest.ts'
import { type Fault, fault, fieldPath, type Path, warning } from '../errors/fault.ts'
import { isSecretField } from './registry-auth.ts'
import { mostUnknownFields, type UnknownField } from './unknown-fields.ts'
import type { TextAt } from './yaml-source.ts'

/** Checks a document against a schema and says what is wrong in our own words, codes and places. */

export interface Shaped<T> {
  /** Present when the document has the shape of the schema, unknown fields aside: then the rules across fields can be checked too. */
  readonly value?: T
  /** Errors, and a warning for each unknown field. */
  readonly faults: readonly Fault[]
  readonly unknown: readonly UnknownField[]
}

/**
 * `input` must be plain data of its own (a parse result or a clone): unknown fields are taken out of it. `textAt`: what is written there without quotes, where the
 * document is YAML. A text may be written so whatever it looks like, and a `true` as YAML 1.1 has it, as in labctl (gopkg.in/yaml.v3).
 */
export function shape<T>(schema: z.ZodType<T>, input: unknown, textAt: TextAt = () => undefined): Shaped<T> {
  const warnings: Fault[] = []
  const unknown: UnknownField[] = []
  for (;;) {
    if (unknown.length > mostUnknownFields) return { faults: [tooManyUnknown(unknown)], unknown: [] }
    const read = schema.safeParse(input)
    if (read.success) return { value: read.data, faults: warnings, unknown }
    const issues = flatten(read.error.issues)
    let taken = 0
    for (const issue of issues) {
      if (issue.code !== 'unrecognized_keys') continue
      warnings.push(...issueFaults(schema, input, issue))
      const path = pathOf(issue)
      const parent = valueAt(input, path)
      if (!isObject(parent)) continue
      for (const key of issue.keys) {
        if (!Object.hasOwn(parent, key)) continue
        taken++
        if (!isSecretField(key)) unknown.push({ path: [...path, key], value: parent[key] })
        delete parent[key]
      }
    }
    for (const issue of issues) if (readAsMeant(input, issue, textAt)) taken++
    // Again without them: what is wrong beside an unknown field is only seen then.
    if (taken > 0) continue
    return { faults: [...issues.flatMap((issue) => issueFaults(schema, input, issue)), ...warnings], unknown }
  }
}

/** Puts the value that the field can have into the place of what YAML 1.2 takes its letters for; false when there is none. */
function readAsMeant(input: unknown, issue: Issue, textAt: TextAt): boolean {
  const path = pathOf(issue)
  const value = valueAt(input, path)
  const parent = valueAt(input, path.slice(0, -1))
  const text = textAt(path)
  if (path.length === 0 || text === undefined || !isObject(parent)) return false
  const isText = (typeof value === 'number' || typeof value === 'boolean') && wants(issue, 'string')
  const truth = typeof value === 'string' && wants(issue, 'boolean') ? oldBooleans.get(text.toLowerCase()) : undefined
  if (!isText && truth === undefined) return false
  parent[String(path.at(-1))] = isText ? text : truth
  return true
}

const oldBooleans = new Map([
  ...['y', 'yes', 'on'].map((text) => [text, true] as const),
  ...['n', 'no', 'off'].map((text) => [text, false] as const),
])

const wants = (issue: Issue, type: 'string' | 'boolean'): boolean =>
  (issue.code === 'invalid_type' && issue.expected === type) ||
  (issue.code === 'invalid_union' &&
    issue.errors.some((errors) => errors.some((each) => each.path.length === 0 && wants(each, type))))

const tooManyUnknown = (unknown: readonly UnknownField[]) =>
  fault(
    'too_many',
    unknown[mostUnknownFields]?.path ?? [],
    `${unknown.length} fields are not known; at most ${mostUnknownFields} are kept.`,
    'Is this a manifest of a playground?',
    'key',
  )

type Issue = z.core.$ZodIssue
const pathOf = (issue: Issue): Path => issue.path.map((step) => (typeof step === 'number' ? step : String(step)))
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** A union's issues are those of the branch that came furthest: one whose kind of value it is. */
function flatten(issues: readonly Issue[]): Issue[] {
  return issues.flatMap((issue) => {
    if (issue.code !== 'invalid_union') return [issue]
    const branch = issue.errors.find((errors) => !errors.every(isOfAnotherKind))
    return branch ? flatten(branch.map((error) => ({ ...error, path: [...issue.path, ...error.path] }) as Issue)) : [issue]
  })
}

const isOfAnotherKind = (issue: Issue): boolean =>
  issue.path.length === 0 &&
  (issue.code === 'invalid_type' ||
    (issue.code === 'invalid_union' && issue.errors.every((errors) => errors.every(isOfAnotherKind))))

function issueFaults(schema: z.ZodType, input: unknown, issue: Issue): Fault[] {
  const path = pathOf(issue)
  const name = `\`${fieldPath(path)}\``
  if (issue.code === 'unrecognized_keys') {
    const known = knownFields(schema, path)
    return issue.keys.map((key) => {
      const near = closest(key, known)
      const hint = `${near === undefined ? '' : `Did you mean \`${near}\`? `}Known here: ${known.join(', ')}.`
      return warning(
        'unknown_field',
        [...path, key],
        `The field \`${fieldPath([...path, key])}\` is not known, and nothing acts on it.`,
        hint,
        'key',
      )
    })
  }
  if (path.length > 0 && valueAt(input, path) === undefined) {
    return [fault('missing_field', path, `The field ${name} is missing.`, `It ${expectation(issue)}.`, 'missing')]
  }
  if (issue.code === 'too_big' && issue.origin === 'array') {
    const max = Number(issue.maximum)
    const count = (valueAt(input, path) as unknown[]).length
    return [
      fault(
        'too_many',
        [...path, max],
        `${name} has ${count} entries; at most ${max} are allowed.`,
        `Leave out ${count - max} of them.`,
      ),
    ]
  }
  if (path.length === 0)
    return [fault('invalid_value', path, 'The document is not a map of fields.', 'Begin a manifest with: kind: playground')]
  const value = isSecretField(path.at(-1)) ? 'what is written there' : shown(valueAt(input, path))
  return [fault('invalid_value', path, `${name} cannot be ${value}.`, `It ${expectation(issue)}.`)]
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'absent'
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

/** What a value must be, as the end of a sentence. */
function expectation(issue: Issue): string {
  const last = String(issue.path.at(-1))
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${article(issue.expected)}`
    case 'invalid_value':
      return `must be ${issue.values.length === 1 ? '' : 'one of '}${issue.values.map((value) => `\`${String(value)}\``).join(', ')}`
    case 'invalid_union':
      if (last === 'size' || last === 'ramSize') return 'must be a size such as 20GiB or 512MiB'
      if (last === 'kernel') return 'must be a version such as "6.1", or have a `source`'
      return 'has a form that is not known'
    case 'too_big':
      return `must ${issue.origin === 'string' ? `have at most ${issue.maximum} characters` : `be at most ${issue.maximum}`}`
    case 'too_small':
      return `must ${issue.origin === 'string' ? `have at least ${issue.minimum} characters` : `be at least ${issue.minimum}`}`
    default:
      return issue.message
  }
}

function article(expected: string): string {
  const words: Record<string, string> = {
    string: 'text (put it into quotes)',
    object: 'a map of fields',
    record: 'a map',
    array: 'a list',
    int: 'a whole number',
    boolean: '`true` or `false`',
  }
  return words[expected] ?? `a ${expected}`
}

export function valueAt(value: unknown, path: Path): unknown {
  let found = value
  for (const step of path) {
    if (!isObject(found) || !Object.hasOwn(found, step)) return undefined
    found = found[step]
  }
  return found
}

/** Names of the fields that the schema has at `path`. */
function knownFields(schema: z.ZodType, path: Path): string[] {
  let here: z.core.$ZodType | undefined = schema
  for (const step of path) {
    const def = unwrap(here)
    if (def?.type === 'object') here = (def as z.core.$ZodObjectDef).shape[String(step)]
    else if (def?.type === 'array') here = (def as z.core.$ZodArrayDef).element
    else if (def?.type === 'record') here = (def as z.core.$ZodRecordDef).valueType
    else return []
  }
  const def = unwrap(here)
  return def?.type === 'object' ? Object.keys((def as z.core.$ZodObjectDef).shape) : []
}

function unwrap(schema: z.core.$ZodType | undefined): z.core.$ZodTypeDef | undefined {
  const def = schema?._zod.def
  switch (def?.type) {
    case 'pipe':
      return unwrap((def as z.core.$ZodPipeDef).in)
    case 'optional':
    case 'nullable':
      return unwrap((def as z.core.$ZodOptionalDef).innerType)
    case 'union':
      return (def as z.core.$ZodUnionDef).options.map(unwrap).find((option) => option?.type === 'object')
    default:
      return def
  }
}

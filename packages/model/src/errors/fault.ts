import type { Problem } from './error.ts'

/** Steps from the top of a document to a value: field names and list positions. */
export type Path = readonly (string | number)[]

/** What of a path is at fault: the value, the name of the field, or something missing below it. */
export type FaultPart = 'value' | 'key' | 'missing'

/** A fault in a document, before it is known whether it came as YAML (then it has a line) or as JSON (then it has a field path). */
export interface Fault {
  readonly code: string
  readonly path: Path
  readonly part: FaultPart
  readonly message: string
  readonly hint?: string
  /** Told, and nothing is refused for it, unless it was asked to be strict. */
  readonly isWarning?: true
}

/** Says where something is, in the form of `Problem.where`. */
export type Locate = (path: Path, part: FaultPart) => string

/** `machines[0].drives[1].size` */
export function fieldPath(path: Path): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : /^[\w-]+$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`))
    .join('')
    .replace(/^\./, '')
}

/** The way back from `fieldPath`; undefined for a text that is none, such as a place in a file. */
export function pathOfField(text: string): Path | undefined {
  const steps = [...text.matchAll(/(?:^|\.)([\w-]+)|\[(\d+|"(?:[^"\\]|\\.)*")\]/gy)]
  if (steps.map(([step]) => step).join('') !== text) return undefined
  return steps.map(([, name, bracket = '']) => name ?? (JSON.parse(bracket) as string | number))
}

/** Where things are in a JSON body. */
export const locateByField: Locate = (path) => fieldPath(path)

export const fault = (code: string, path: Path, message: string, hint?: string, part: FaultPart = 'value'): Fault => ({
  code,
  path,
  part,
  message,
  ...(hint === undefined ? {} : { hint }),
})

/** As `fault`, for what is told and does not refuse the document. */
export const warning = (...of: Parameters<typeof fault>): Fault => ({ ...fault(...of), isWarning: true })

export const maxProblems = 100

/** The same fault is told once; a document wrong in a hundred places is told enough. Warnings come last, so that none takes the place of an error. */
export function toProblems(faults: readonly Fault[], locate: Locate): Problem[] {
  // Cut before they are located too: finding a place takes time in the length of the document.
  const ordered = [...faults.filter(({ isWarning }) => !isWarning), ...faults.filter(({ isWarning }) => isWarning)]
  const problems = ordered.slice(0, 2 * maxProblems).map(({ code, path, part, message, hint, isWarning }): Problem => {
    const where = locate(path, part)
    return {
      code,
      message,
      ...(hint === undefined ? {} : { hint }),
      ...(where === '' ? {} : { where }),
      ...(isWarning ? { severity: 'warning' } : {}),
    }
  })
  const seen = new Set<string>()
  return problems
    .filter((problem) => {
      const key = JSON.stringify(problem)
      return !seen.has(key) && seen.add(key)
    })
    .slice(0, maxProblems)
}

import { type ChangePlayground, changePlaygroundSchema, type Playground, savePlaySchema } from '@ramet/model/api/wire.ts'
import { InvalidInput, RametError } from '@ramet/model/errors/error.ts'

/** The texts of a playground as its form has them. */
export interface PlaygroundTexts {
  readonly name: string
  readonly title: string
  readonly description: string
  /** With commas in between. */
  readonly categories: string
  readonly markdown: string
}

export type Faults = Partial<Record<keyof PlaygroundTexts, string>>

/** A name for the playground that a run titled so is saved as: `Ann’s shop (clone)` → `anns-shop-clone`. */
export function nameFor(title: string): string {
  const words = title
    .normalize('NFKD')
    .replace(/[\p{M}'’]/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
  return words.slice(0, 50).replace(/^-+|-+$/g, '') || 'my-playground'
}

export const textsOf = ({ name, title, description, categories, markdown }: Playground): PlaygroundTexts => ({
  name,
  title,
  description,
  categories: categories.join(', '),
  markdown: markdown ?? '',
})

export function toBody({ title, description, categories, markdown }: PlaygroundTexts): ChangePlayground {
  const named = categories
    .split(',')
    .map((category) => category.trim())
    .filter((category) => category !== '')
  return { title: title.trim(), description: description.trim(), categories: named, markdown }
}

/** What the form itself can tell is wrong, by field. */
export function faultsOf(texts: PlaygroundTexts, isNew: boolean): Faults {
  const schema = isNew ? savePlaySchema : changePlaygroundSchema
  const parsed = schema.safeParse(isNew ? { ...toBody(texts), name: texts.name } : toBody(texts))
  const faults: Record<string, string> = {}
  // A category is named by its place in the list; the fault belongs to the field.
  for (const { path, message } of parsed.error?.issues ?? []) faults[String(path[0])] ??= message
  return faults
}

/** What the server says is wrong, by field; undefined when it is no matter of a field. */
export function faultsIn(error: unknown): Faults | undefined {
  if (!(error instanceof RametError)) return undefined
  if (error.code === 'name_taken') return { name: [error.message, error.hint].filter(Boolean).join(' ') }
  if (!(error instanceof InvalidInput)) return undefined
  const faults: Record<string, string> = {}
  for (const { where = '', message } of error.problems) faults[where.split(/[.[]/)[0] ?? ''] ??= message
  return Object.keys(faults).every((field) => fields.has(field)) ? faults : undefined
}

const fields: ReadonlySet<string> = new Set(['name', 'title', 'description', 'categories', 'markdown'])

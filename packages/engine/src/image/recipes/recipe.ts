import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'

/** Everything that decides what a build makes: names of releases and packages, and the text of scripts and sources. */
export type Recipe = { readonly [key: string]: string | readonly string[] | Recipe }

/** sha256 over the recipe in a form that does not depend on the order of its keys: 64 hex digits. */
export function recipeHash(recipe: Recipe): string {
  return createHash('sha256').update(canonical(recipe)).digest('hex')
}

/** Texts of source files by name, as part of a recipe: a changed script makes a new artefact. */
export async function sourceTexts(files: readonly URL[]): Promise<Recipe> {
  const texts: Record<string, string> = {}
  for (const file of files) texts[file.pathname.split('/').at(-1) ?? ''] = await readFile(file, 'utf8')
  return texts
}

function canonical(value: Recipe[string]): string {
  if (typeof value === 'string' || Array.isArray(value)) return JSON.stringify(value)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${canonical(each)}`).join(',')}}`
}

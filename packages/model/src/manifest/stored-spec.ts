import type { z } from 'zod'
import { visibleText } from '../units/visible-text.ts'
import { manifestSpecSchema } from './manifest.ts'
import { unknownFieldsSchema } from './unknown-fields.ts'

/** A spec as the store has it, with what the manifest said beside. */
export const storedSpecSchema = manifestSpecSchema.extend({
  // Nothing acts on them, so none keeps a playground from being read.
  unknownFields: unknownFieldsSchema.catch(undefined),
})
export type StoredSpec = z.infer<typeof storedSpecSchema>

/**
 * Reads a spec that was checked when it was written, perhaps by a version with looser rules. In a text that may not be so any more control characters are
 * made visible; what does not fit even then (a link, a path) is left out. So nobody's playground is lost to a new rule, and no list fails by one row.
 * Throws ZodError for what never was a spec.
 */
export function storedSpec(value: unknown): StoredSpec {
  const read = storedSpecSchema.safeParse(value)
  if (read.success) return read.data
  const copy = structuredClone(value)
  for (const { path } of read.error.issues) change(copy, path, visible)
  const again = storedSpecSchema.safeParse(copy)
  if (again.success) return again.data
  for (const { path } of again.error.issues) change(copy, path, () => undefined)
  return storedSpecSchema.parse(copy)
}

const visible = (found: unknown) => (typeof found === 'string' ? visibleText(found) : found)

function change(value: unknown, path: readonly PropertyKey[], how: (found: unknown) => unknown): void {
  const parent = path.slice(0, -1).reduce<unknown>((at, step) => (isObject(at) ? at[step] : undefined), value)
  const last = path.at(-1)
  if (!isObject(parent) || last === undefined) return
  // Absent and null are the same in a spec.
  parent[last] = how(parent[last]) ?? null
}

const isObject = (value: unknown): value is Record<PropertyKey, unknown> => typeof value === 'object' && value !== null

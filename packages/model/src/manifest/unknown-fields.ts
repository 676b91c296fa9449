import { z } from 'zod'
import type { Path } from '../errors/fault.ts'

/** A field that no schema knows, by its place in the manifest document. It is kept beside the spec and never in it, so that nothing can act on it by mistake. */
const unknownFieldSchema = z.strictObject({
  path: z
    .array(z.union([z.string().max(1000), z.int().min(0).max(100_000)]))
    .min(1)
    .max(32),
  value: z.unknown(),
})
export interface UnknownField {
  readonly path: Path
  readonly value?: unknown
}

/** More are no mistakes any more. */
export const mostUnknownFields = 1000

export const unknownFieldsSchema = z.array(unknownFieldSchema).max(mostUnknownFields, `at most ${mostUnknownFields}`).optional()

/**
 * Puts unknown fields back into a manifest document (plain data, changed in place). A field is left out where the document has become another: its list
 * is shorter, or the field is known now.
 */
export function restoreUnknown(document: Record<string, unknown>, fields: readonly UnknownField[]): void {
  for (const { path, value } of fields) {
    let at: Record<string | number, unknown> | undefined = document
    for (const [index, step] of path.slice(0, -1).entries()) at = at && childOf(at, step, typeof path[index + 1] === 'number')
    const last = path.at(-1)
    if (at === undefined || typeof last !== 'string' || last === '__proto__' || Array.isArray(at) || Object.hasOwn(at, last))
      continue
    at[last] = value
  }
}

function childOf(
  parent: Record<string | number, unknown>,
  step: string | number,
  isList: boolean,
): Record<string, unknown> | undefined {
  if (Array.isArray(parent) !== (typeof step === 'number') || step === '__proto__') return undefined
  const found = Object.hasOwn(parent, step) ? parent[step] : undefined
  if (typeof found === 'object' && found !== null) return found as Record<string, unknown>
  // The short form of the kernel has no room for more; and a map with nothing but unknown fields was left out.
  const isShortKernel = step === 'kernel' && typeof found === 'string'
  if (!isShortKernel && (found !== undefined || typeof step !== 'string' || isList)) return undefined
  const made = isShortKernel ? { source: found } : {}
  parent[step] = made
  return made
}

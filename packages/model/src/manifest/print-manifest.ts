import type { Playground } from '../api/wire.ts'
import { printYaml } from '../units/visible-yaml.ts'
import { type ManifestSpec, manifestSpecSchema } from './manifest.ts'
import { restoreUnknown } from './unknown-fields.ts'

/**
 * A playground as a manifest in YAML, which reads back as the same. Absent fields and empty lists are left out. Control characters in it (of a startup
 * file) are escaped, so that it can be read on a terminal.
 */
export function printManifest(
  playground: Omit<
    Playground,
    | 'userAccess'
    | 'visibility'
    | 'ownerName'
    | 'pageUrl'
    | 'createdAt'
    | 'id'
    | 'owner'
    | 'published'
    | 'warnings'
    | 'machines'
    | 'initTasks'
  > &
    Pick<ManifestSpec, 'machines' | 'initTasks'>,
): string {
  const spec = Object.fromEntries(
    Object.keys(manifestSpecSchema.shape)
      // Where it came in at all, as in a spec that was just read.
      .filter((key) => key !== 'registryAuth')
      .map((key) => [key, playground[key as keyof typeof playground]]),
  )
  const { name, base, title, description, categories, markdown, cover } = playground
  const { unknownFields = [] } = playground
  const top = compact({
    kind: 'playground',
    name,
    base: base === '' ? undefined : base,
    title,
    description: description === '' ? undefined : description,
    categories,
    markdown,
    cover,
  })
  // `playground` is there even when all of it is left to the base.
  const content = { ...(top as object), playground: compact(spec) ?? {} }
  restoreUnknown(content, unknownFields)
  return printYaml(content)
}

/** Without absent fields, empty lists and empty maps. Text stays, empty or not. */
function compact(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map((item) => compact(item) ?? {})
  if (typeof value !== 'object' || value === null) return value ?? undefined
  const entries = Object.entries(value).flatMap(([key, item]) => {
    const kept = compact(item)
    return kept === undefined ? [] : [[key, kept] as const]
  })
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}

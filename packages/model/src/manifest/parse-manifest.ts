import { z } from 'zod'
import { InvalidInput, type Problem } from '../errors/error.ts'
import { fault, type Locate, locateByField, toProblems } from '../errors/fault.ts'
import { dnsLabelSchema, labelFromTitle } from '../units/names.ts'
import { type CheckOptions, refuseFaults, specFaults } from './check-spec.ts'
import { dropEmptyFields } from './empty-fields.ts'
import { type Manifest, type ManifestSpec, manifestSchema, manifestSpecSchema } from './manifest.ts'
import { copyBounded, isRecord, renameSpellings } from './plain-document.ts'
import { isSecretField } from './registry-auth.ts'
import { shape } from './shape.ts'
import { readSoundYaml } from './sound-yaml.ts'
import { type UnknownField, unknownFieldsSchema } from './unknown-fields.ts'

export interface ParsedManifest {
  /** As it was written. */
  readonly manifest: Manifest
  /** The inner part with what its base adds, when the base is known; without defaults (see `resolveSpec`). */
  readonly spec: ManifestSpec
  readonly warnings: readonly Problem[]
  /** What no schema knows, by its place in the file. */
  readonly unknownFields: readonly UnknownField[]
  /** Where something of it stands in the file. */
  readonly locate: Locate
}

/** Reads a manifest file. Throws InvalidInput with every fault; where is `fileName:line:column`. */
export function parseManifest(text: string, fileName: string, options: CheckOptions = {}): ParsedManifest {
  const source = readSoundYaml(text, fileName)
  const { value, faults } = copyBounded(source.value)
  const renamed = renameSpellings(value, ['playground'])
  dropEmptyFields(value)
  if (isRecord(value)) dropEmptyFields(value.playground)
  const shaped = faults.some(({ code }) => code !== 'unknown_field')
    ? { faults: [], unknown: [] }
    : shape(manifestSchema, value, source.textAt)
  const manifest = shaped.value
  const checked = manifest && specFaults(manifest.playground, manifest.base, ['playground'], ['base'], options)
  const warnings = refuseFaults([...faults, ...renamed, ...shaped.faults, ...(checked?.faults ?? [])], source.locate, options)
  return {
    manifest: manifest as Manifest,
    spec: (checked as { spec: ManifestSpec }).spec,
    warnings,
    unknownFields: shaped.unknown,
    locate: source.locate,
  }
}

/** Every error and warning of a file; empty when it is fine. */
export function manifestProblems(text: string, fileName: string, options: CheckOptions = {}): Problem[] {
  try {
    return [...parseManifest(text, fileName, options).warnings]
  } catch (error) {
    if (error instanceof InvalidInput) return [...error.problems]
    throw error
  }
}

/** POST /playgrounds: the manifest's inner part spread at the top level. Title, description and texts left out are the base's. */
export const playgroundBodySchema = manifestSpecSchema.extend({
  kind: z.literal('playground').nullish(),
  /** Default: from the title. */
  name: dnsLabelSchema.nullish().transform((value) => value ?? undefined),
  /** May be left out by one that describes its machines in full. */
  base: dnsLabelSchema.nullish().transform((value) => value ?? undefined),
  title: manifestSchema.shape.title.nullish().transform((value) => value ?? undefined),
  description: manifestSchema.shape.description,
  categories: manifestSchema.shape.categories,
  markdown: manifestSchema.shape.markdown,
  cover: manifestSchema.shape.cover,
  /** Of a client that read the manifest itself, and has told its author of them. */
  unknownFields: unknownFieldsSchema,
  /** Refuses what is only warned of. */
  strict: z.boolean().nullish(),
})

export interface PlaygroundBody {
  readonly name: string
  readonly base: string
  readonly title: string | undefined
  readonly description: string | undefined
  readonly categories: readonly string[]
  readonly markdown: string | undefined
  readonly cover: string | undefined
  /** With what its base adds, when the base is known. */
  readonly spec: ManifestSpec
  readonly warnings: readonly Problem[]
  readonly unknownFields: readonly UnknownField[]
}

/** Reads the body of POST /playgrounds. Throws InvalidInput with every fault; where is a field path such as `machines[0].drives[1].size`. */
export function parsePlaygroundBody(body: unknown, options: CheckOptions = {}): PlaygroundBody {
  const { value, faults } = copyBounded(body)
  const renamed = renameSpellings(value, [])
  dropEmptyFields(value)
  const shaped = faults.some(({ code }) => code !== 'unknown_field')
    ? { faults: [], unknown: [] }
    : shape(playgroundBodySchema, value)
  if (!shaped.value) throw new InvalidInput(400, toProblems([...faults, ...renamed, ...shaped.faults], locateByField))
  const {
    kind: _,
    name,
    base: named,
    unknownFields = [],
    strict,
    title,
    description,
    categories,
    markdown,
    cover,
    ...written
  } = shaped.value
  const checked = specFaults(written, named, [], ['base'], options)
  const { base, spec } = checked
  const noBase = fault(
    'missing_field',
    ['base'],
    'There is no playground to begin from.',
    'Name one, such as `debian`.',
    'missing',
  )
  const warnings = refuseFaults(
    [...faults, ...renamed, ...shaped.faults, ...checked.faults, ...(base === undefined ? [noBase] : [])],
    locateByField,
    { strict: strict ?? false },
  )
  const told = unknownFields.filter(({ path }) => !isSecretField(path.at(-1)))
  const kept = [...told, ...shaped.unknown.map(({ path, value }) => ({ path: ['playground', ...path], value }))]
  return {
    name: name ?? labelFromTitle(title ?? base ?? ''),
    base: base as string,
    title,
    description,
    categories,
    markdown,
    cover,
    spec,
    warnings,
    unknownFields: kept,
  }
}

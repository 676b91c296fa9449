import { z } from 'zod'
import { InvalidInput, type Problem } from '../errors/error.ts'
import { locateByField, maxProblems, toProblems } from '../errors/fault.ts'
import { dnsLabelSchema } from '../units/names.ts'
import { type CheckOptions, refuseFaults, specFaults } from './check-spec.ts'
import { type Manifest, type ManifestSpec, manifestSchema, manifestSpecSchema } from './manifest.ts'
import { copyBounded, isRecord, renameSpellings } from './plain-document.ts'
import { shape } from './shape.ts'
import { readYaml } from './yaml-source.ts'

export interface ParsedManifest {
  /** As it was written. */
  readonly manifest: Manifest
  /** The inner part with what its base adds, when the base is known; without defaults (see `resolveSpec`). */
  readonly spec: ManifestSpec
}

/** Reads a manifest file. Throws InvalidInput with every fault; where is `fileName:line:column`. */
export function parseManifest(text: string, fileName: string, options: CheckOptions = {}): ParsedManifest {
  const source = readYaml(text, fileName)
  if (source.faults.length > 0) {
    throw new InvalidInput(
      400,
      source.faults.slice(0, maxProblems).map(
        ({ fault: { code, message, hint }, where }): Problem => ({
          code,
          message,
          where,
          ...(hint === undefined ? {} : { hint }),
        }),
      ),
    )
  }
  const { value, faults } = copyBounded(source.value)
  const renamed = renameSpellings(value, ['playground'])
  const shaped = faults.some(({ code }) => code !== 'unknown_field') ? { faults: [] } : shape(manifestSchema, value)
  const manifest = shaped.value
  const checked = manifest && specFaults(manifest.playground, manifest.base, ['playground'], ['base'], options)
  refuseFaults([...faults, ...renamed, ...shaped.faults, ...(checked?.faults ?? [])], source.locate)
  return { manifest: manifest as Manifest, spec: (checked as { spec: ManifestSpec }).spec }
}

/** What `parseManifest` would refuse a file for; empty when it is fine. */
export function manifestProblems(text: string, fileName: string, options: CheckOptions = {}): Problem[] {
  try {
    parseManifest(text, fileName, options)
    return []
  } catch (error) {
    if (error instanceof InvalidInput) return [...error.problems]
    throw error
  }
}

/** POST /playgrounds: the manifest's inner part spread at the top level. Title, description and texts left out are the base's. */
export const playgroundBodySchema = manifestSpecSchema.extend({
  kind: z.literal('playground').nullish(),
  name: dnsLabelSchema,
  base: dnsLabelSchema,
  title: manifestSchema.shape.title.nullish().transform((value) => value ?? undefined),
  description: manifestSchema.shape.description,
  categories: manifestSchema.shape.categories,
  markdown: manifestSchema.shape.markdown,
  cover: manifestSchema.shape.cover,
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
}

/** Reads the body of POST /playgrounds. Throws InvalidInput with every fault; where is a field path such as `machines[0].drives[1].size`. */
export function parsePlaygroundBody(body: unknown, options: CheckOptions = {}): PlaygroundBody {
  const { value, faults } = copyBounded(body)
  const renamed = renameSpellings(value, [])
  dropEmptyText(value)
  const shaped = faults.some(({ code }) => code !== 'unknown_field') ? { faults: [] } : shape(playgroundBodySchema, value)
  if (!shaped.value) throw new InvalidInput(400, toProblems([...faults, ...renamed, ...shaped.faults], locateByField))
  const { kind: _, name, base, title, description, categories, markdown, cover, ...written } = shaped.value
  const checked = specFaults(written, base, [], ['base'], options)
  refuseFaults([...faults, ...renamed, ...shaped.faults, ...checked.faults], locateByField)
  return { name, base, title, description, categories, markdown, cover, spec: checked.spec }
}

/** Clients written in Go send fields that were not set as empty text and zeros; they mean the same as absent ones there. */
function dropEmptyText(body: unknown): void {
  if (!isRecord(body)) return
  const clean = (item: unknown) => {
    if (!isRecord(item)) return
    for (const [key, value] of Object.entries(item)) if (value === '' || value === 0) delete item[key]
  }
  const each = (list: unknown): unknown[] => (Array.isArray(list) ? list : [])
  for (const key of ['title', 'description', 'markdown', 'cover', 'registryAuth']) if (body[key] === '') delete body[key]
  for (const item of [...each(body.networks), ...each(body.tabs)]) clean(item)
  if (isRecord(body.initTasks)) for (const task of Object.values(body.initTasks)) clean(task)
  for (const machine of each(body.machines)) {
    if (!isRecord(machine)) continue
    if (machine.backend === '') delete machine.backend
    if (machine.kernel === '' || (isRecord(machine.kernel) && machine.kernel.source === '')) delete machine.kernel
    clean(machine.resources)
    for (const drive of each(machine.drives)) clean(drive)
    if (isRecord(machine.network)) for (const one of each(machine.network.interfaces)) clean(one)
  }
}

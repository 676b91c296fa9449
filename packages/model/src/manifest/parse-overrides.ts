import type { Problem } from '../errors/error.ts'
import type { Path } from '../errors/fault.ts'
import { type CheckOptions, refuseFaults, specFaults } from './check-spec.ts'
import { dropEmptyFields } from './empty-fields.ts'
import type { Base } from './inherit.ts'
import { type ManifestSpec, manifestSpecSchema } from './manifest.ts'
import { copyBounded, isRecord, renameSpellings } from './plain-document.ts'
import { shape } from './shape.ts'
import { readSoundYaml } from './sound-yaml.ts'

/** Parts of a manifest that a start gives anew, as they were written; absent: those of its playground. */
export type WrittenOverrides = Partial<Pick<ManifestSpec, 'networks' | 'machines' | 'tabs' | 'initTasks'>>

/**
 * Reads the file of `start -f`: a manifest, or only what stands under its `playground`. Everything but the parts that a start may give anew is left alone, as labctl does.
 * `base`: the playground that is started. Throws InvalidInput with every fault; where is `fileName:line:column`.
 */
export function parseOverrides(
  text: string,
  fileName: string,
  base: Base,
  options: Pick<CheckOptions, 'images' | 'strict'> = {},
): { readonly overrides: WrittenOverrides; readonly warnings: readonly Problem[] } {
  const source = readSoundYaml(text, fileName)
  const { value, faults } = copyBounded(source.value)
  const path: Path = isRecord(value) && isRecord(value.playground) ? ['playground'] : []
  const renamed = renameSpellings(value, path)
  const written = path.length === 0 ? value : (value as { playground: unknown }).playground
  dropEmptyFields(written)
  const hasFault = faults.some(({ code }) => code !== 'unknown_field')
  const shaped = hasFault
    ? { faults: [], unknown: [] }
    : shape(manifestSpecSchema, written ?? {}, (below) => source.textAt?.([...path, ...below]))
  const placed = shaped.faults.map((one) => ({ ...one, path: [...path, ...one.path] }))
  const checked = shaped.value && specFaults(shaped.value, base.name, path, path, { ...options, bases: [base] })
  const warnings = refuseFaults([...faults, ...renamed, ...placed, ...(checked?.faults ?? [])], source.locate, options)
  const { networks, machines, tabs, initTasks } = shaped.value as ManifestSpec
  return {
    overrides: {
      ...(networks.length === 0 ? {} : { networks }),
      ...(machines.length === 0 ? {} : { machines }),
      ...(tabs.length === 0 ? {} : { tabs }),
      ...(initTasks === undefined ? {} : { initTasks }),
    },
    warnings,
  }
}

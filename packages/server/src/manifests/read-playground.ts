import { InvalidInput } from '@ramet/model/errors/error.ts'
import type { CheckOptions } from '@ramet/model/manifest/check-spec.ts'
import { type ManifestSpec, manifestSchema } from '@ramet/model/manifest/manifest.ts'
import { parseManifest } from '@ramet/model/manifest/parse-manifest.ts'

/** Texts of a playground's folder in a catalogue. */
export interface CatalogText {
  /** Of the folder, and so of the playground. */
  readonly name: string
  readonly manifest: string
  /** Absent: there is none. */
  readonly readme?: string
}

/** A file beside the manifest that a startup file names: `machines[machine].startupFiles[index]`, and where the manifest says so. */
export interface NamedFile {
  readonly machine: number
  readonly index: number
  readonly source: string
  readonly where: string
}

export interface ReadPlayground {
  readonly title: string
  readonly description: string
  readonly categories: readonly string[]
  readonly markdown?: string
  readonly cover?: string
  readonly spec: ManifestSpec
  readonly files: readonly NamedFile[]
}

/** Reads the texts of a folder. Throws InvalidInput with every fault; where is `NAME/manifest.yaml:line:column`. */
export function readPlayground({ name, manifest: text, readme }: CatalogText, options: CheckOptions): ReadPlayground {
  const { manifest, spec, locate } = parseManifest(text, `${name}/manifest.yaml`, {
    ...options,
    complete: true,
    filesBeside: true,
  })
  if (manifest.name !== undefined && manifest.name !== name) {
    const message = `The manifest calls it ${manifest.name}, and its folder is called ${name}.`
    const hint = 'A playground of the catalogue is called like its folder; leave `name` out.'
    throw new InvalidInput(400, [{ code: 'name_of_folder', message, hint, where: locate(['name'], 'value') }])
  }
  // Everybody who may start it would see it.
  if ((manifest.playground.registryAuth ?? '') !== '') {
    const message = 'A playground of the catalogue cannot have a password in its manifest.'
    const hint = 'Log in on the host with `docker login`, as the user that the server runs as.'
    throw new InvalidInput(400, [{ code: 'not_in_catalog', message, hint, where: locate(['playground', 'registryAuth'], 'key') }])
  }
  const page = manifestSchema.shape.markdown.safeParse(readme)
  if (!page.success) {
    const message = `The page ${page.error.issues[0]?.message ?? 'cannot be shown'}.`
    throw new InvalidInput(400, [{ code: 'invalid_value', message, where: `${name}/README.md` }])
  }
  const { title, description = '', categories, markdown = page.data, cover } = manifest
  const files = manifest.playground.machines.flatMap(({ startupFiles }, machine) =>
    startupFiles.flatMap(({ source }, index): NamedFile[] => {
      if (source === undefined) return []
      const where = locate(['playground', 'machines', machine, 'startupFiles', index, 'source'], 'value')
      return [{ machine, index, source, where }]
    }),
  )
  return {
    title,
    description,
    categories,
    ...(markdown === undefined ? {} : { markdown }),
    ...(cover === undefined ? {} : { cover }),
    spec,
    files,
  }
}

/** The spec with what is in the files that it names. `contents`: in the order of `files`. */
export function withContents(spec: ManifestSpec, files: readonly NamedFile[], contents: readonly string[]): ManifestSpec {
  const machines = spec.machines.map((machine, at) => ({
    ...machine,
    startupFiles: machine.startupFiles.map(({ source, ...file }, index) => {
      const named = files.findIndex((each) => each.machine === at && each.index === index)
      return named < 0 ? { ...file, source } : { ...file, content: contents[named], source: undefined }
    }),
  }))
  return { ...spec, machines }
}

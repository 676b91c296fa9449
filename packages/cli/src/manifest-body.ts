import { dirname } from 'node:path'
import type { CreatePlayground, Playground } from '@ramet/model/api/wire.ts'
import { InvalidInput, type Problem } from '@ramet/model/errors/error.ts'
import { type Locate, pathOfField } from '@ramet/model/errors/fault.ts'
import { parseManifest } from '@ramet/model/manifest/parse-manifest.ts'
import { labelFromTitle } from '@ramet/model/units/names.ts'
import { withBuiltSources } from './build-folder/build-folder.ts'
import type { Context } from './context.ts'
import { pinnedImages } from './pinned-images.ts'
import { readInput } from './read-input.ts'

export interface ManifestOptions {
  readonly file: string
  readonly base?: string | undefined
  readonly name?: string | undefined
  readonly strict?: boolean
  readonly quiet?: boolean
}

/**
 * Reads a manifest, builds the folders that it names, hands it to the server by `send`, and tells what both have to say. It is read here already, since only here a fault can be told with its
 * line; the server checks again, against the base.
 */
export async function sendManifest(
  { client, out }: Context,
  { file, base: asked, name: given, strict = false, quiet = false }: ManifestOptions,
  send: (body: CreatePlayground & { readonly name: string }) => Promise<Playground>,
): Promise<Playground> {
  const input = await readInput(file)
  // Those in a partition are chosen by a drive's `partitioned`.
  const images = (await client.images.list())
    .filter(({ kind, name }) => kind === 'image' && !name.includes('+'))
    .map((image) => image.name)
  const read = parseManifest(input.text, input.name, { images, strict, ...(asked ? { base: asked } : {}) })
  const { kind: _, playground, ...texts } = read.manifest
  const warn = (problems: readonly Problem[]) => quiet || problems.forEach(out.problem)
  const [name, base] = [given ?? texts.name ?? labelFromTitle(texts.title), asked ?? texts.base]
  const unknownFields =
    read.unknownFields.length === 0
      ? {}
      : { unknownFields: read.unknownFields.map(({ path, value }) => ({ path: [...path], value })) }
  warn(read.warnings)
  const spec = await withBuiltSources(client, playground, file === '-' ? '.' : dirname(file), quiet)
  const made = await send({ ...spec, ...texts, name, base, ...(strict ? { strict } : {}), ...unknownFields }).catch((error) => {
    throw error instanceof InvalidInput ? new InvalidInput(error.status, error.problems.map(inFile(read.locate))) : error
  })
  // What the server tells as well was told with its line.
  const isTold = ({ code, message }: Problem) => read.warnings.some((one) => one.code === code && one.message === message)
  warn((made.warnings ?? []).filter((problem) => !isTold(problem)).map(inFile(read.locate)))
  out.result(made.name)
  if (!quiet) for (const line of pinnedImages(made, await client.images.list())) out.note(line)
  return made
}

/** Of the document itself; all others stand under `playground`. */
const ownTexts = new Set<unknown>(['kind', 'name', 'base', 'title', 'description', 'categories', 'markdown', 'cover'])

/** The server knows fields of a body, and people lines of a file. */
const inFile =
  (locate: Locate) =>
  (problem: Problem): Problem => {
    const path = pathOfField(problem.where ?? '')
    if (!path?.length) return problem
    return { ...problem, where: locate(ownTexts.has(path[0]) ? path : ['playground', ...path], 'value') }
  }

import type { HeldFolder } from '@ramet/engine'
import { InvalidInput, type Problem, RametError } from '@ramet/model/errors/error.ts'
import { limits } from '@ramet/model/manifest/manifest.ts'
import { dnsLabelSchema } from '@ramet/model/units/names.ts'
import { visibleLine } from '@ramet/model/units/visible-text.ts'
import { type CatalogText, type ReadPlayground, withContents } from '../../manifests/read-playground.ts'
import type { PlaygroundRow } from '../../store/schema.ts'
import { textInFolder } from './text-in-folder.ts'

/** One playground of a catalogue, as its folder has it. */
export interface CatalogEntry {
  readonly name: string
  readonly values: Pick<PlaygroundRow, 'title' | 'description' | 'categories' | 'markdown' | 'cover' | 'spec'>
}

/** One that cannot be taken, and why. */
export interface BrokenEntry {
  /** Of its folder, with control characters made visible. */
  readonly name: string
  readonly problems: readonly Problem[]
}

/** Reads the texts of a folder. Throws InvalidInput with every fault. */
export type ReadTexts = (text: CatalogText) => Promise<ReadPlayground>

/** As many bytes as the longest page has characters. */
const readmeBytes = limits.markdown * 4

/** Reads `name` in a catalogue's folder: manifest.yaml, README.md, and the files that the manifest names. Throws InvalidInput with every fault. */
export async function readEntry(catalog: HeldFolder, name: string, readTexts: ReadTexts): Promise<CatalogEntry> {
  const shown = visibleLine(name)
  if (!dnsLabelSchema.safeParse(name).success)
    throw new RametError('invalid_value', 400, `A playground cannot be called ${JSON.stringify(shown)}, as its folder is.`, {
      hint: 'Small letters, digits and dashes.',
      where: shown,
    })
  await using folder = await openFolder(catalog, name)
  const manifest = await told(`${name}/manifest.yaml`, textInFolder(folder, 'manifest.yaml', limits.manifestBytes))
  const readme = await told(`${name}/README.md`, textInFolder(folder, 'README.md', readmeBytes)).catch((error) => {
    if (error.code === 'no_such_file') return undefined
    throw error
  })
  const read = await readTexts({ name, manifest, ...(readme === undefined ? {} : { readme }) })
  const contents: string[] = []
  for (const { source, where } of read.files)
    contents.push(await told(where, textInFolder(folder, source, limits.startupFileBytes)))
  return {
    name,
    values: {
      title: read.title,
      description: read.description,
      categories: JSON.stringify(read.categories),
      markdown: read.markdown ?? null,
      cover: read.cover ?? null,
      spec: JSON.stringify(withContents(read.spec, read.files, contents)),
    },
  }
}

/** What is wrong with a folder that `readEntry` did not take. */
export function brokenEntry(name: string, error: unknown): BrokenEntry {
  if (error instanceof InvalidInput) return { name: visibleLine(name), problems: error.problems }
  const { code, message, hint, where } = error instanceof RametError ? error : unreadable(name, error)
  const more = { ...(hint === undefined ? {} : { hint }), ...(where === undefined ? {} : { where }) }
  return { name: visibleLine(name), problems: [{ code, message, ...more }] }
}

const unreadable = (name: string, error: unknown) =>
  new RametError('file_not_readable', 400, `It cannot be read: ${visibleLine((error as Error).message)}`, {
    where: visibleLine(name),
  })

async function openFolder(catalog: HeldFolder, name: string): Promise<HeldFolder> {
  try {
    return await catalog.folder(name)
  } catch (error) {
    if ((error as RametError).code !== 'not_plain') throw error
    throw new RametError('not_a_file', 400, `${name} is a link, or no folder.`, {
      hint: 'Put the folder itself there: links in the catalogue are not followed.',
      where: name,
    })
  }
}

async function told(where: string, read: Promise<string>): Promise<string> {
  return read.catch((error) => {
    if (!(error instanceof RametError)) throw error
    const { code, status, message, hint } = error
    throw new RametError(code, status, message, { where, ...(hint === undefined ? {} : { hint }) })
  })
}

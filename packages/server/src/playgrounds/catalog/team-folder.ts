import { realpath } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { HeldFolder } from '@ramet/engine'
import { RametError } from '@ramet/model/errors/error.ts'
import type { CatalogText, ReadPlayground } from '../../manifests/read-playground.ts'
import { type BrokenEntry, brokenEntry, type CatalogEntry, type ReadTexts, readEntry } from './read-entry.ts'

/** What a team's folder has. */
export interface FolderSight {
  readonly entries: readonly CatalogEntry[]
  readonly broken: readonly BrokenEntry[]
  /** The whole folder could not be read. */
  readonly isUnreadable: boolean
  /** Folders whose changes matter. */
  readonly watched: readonly string[]
}

const mostPlaygrounds = 500

/** Reads a team's folder again and again: what did not change is not parsed again. */
export class TeamFolder {
  readonly #path: string
  readonly #readTexts: ReadTexts
  readonly #known = new Map<string, { readonly texts: string; readonly read: ReadPlayground }>()

  constructor(path: string, readTexts: ReadTexts) {
    this.#path = path
    this.#readTexts = readTexts
  }

  /** Never throws: what is wrong is in the answer. */
  async look(): Promise<FolderSight> {
    try {
      // The folder itself may be a link that whoever runs the server has made.
      await using folder = await HeldFolder.open(await realpath(this.#path))
      const names = (await folder.names()).toSorted()
      return await this.#each(folder, names)
    } catch (error) {
      const told = new RametError(
        'catalog_not_readable',
        500,
        `The folder of the catalogue cannot be read: ${(error as Error).message}`,
        {
          hint: 'What was read of it before stays in the catalogue.',
        },
      )
      return { entries: [], broken: [brokenEntry('RAMET_CATALOG', told)], isUnreadable: true, watched: [dirname(this.#path)] }
    }
  }

  async #each(folder: HeldFolder, names: readonly string[]): Promise<FolderSight> {
    const entries: CatalogEntry[] = []
    const broken: BrokenEntry[] = []
    const watched = new Set([folder.path])
    // Beside the folders there may be a README, a licence and the like, and what a version control system keeps.
    const candidates: string[] = []
    for (const name of names) if (!name.startsWith('.') && !(await folder.look(name)).isFile()) candidates.push(name)
    for (const name of candidates.slice(0, mostPlaygrounds)) {
      watched.add(join(folder.path, name))
      const noted: string[] = []
      try {
        entries.push(await readEntry(folder, name, (texts) => this.#read(texts, noted)))
      } catch (error) {
        broken.push(brokenEntry(name, error))
      }
      for (const source of noted) watched.add(join(folder.path, name, dirname(source)))
    }
    for (const name of candidates.slice(mostPlaygrounds))
      broken.push(brokenEntry(name, new RametError('too_many', 400, `A catalogue has at most ${mostPlaygrounds} playgrounds.`)))
    for (const name of this.#known.keys()) if (!candidates.includes(name)) this.#known.delete(name)
    return { entries, broken, isUnreadable: false, watched: [...watched] }
  }

  async #read(texts: CatalogText, sources: string[]): Promise<ReadPlayground> {
    const key = JSON.stringify(texts)
    const known = this.#known.get(texts.name)
    const read = known?.texts === key ? known.read : await this.#readTexts(texts)
    this.#known.set(texts.name, { texts: key, read })
    sources.push(...read.files.map(({ source }) => source))
    return read
  }
}

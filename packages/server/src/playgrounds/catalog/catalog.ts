import type { BrokenPlayground } from '@ramet/model/api/wire.ts'
import { nameTaken } from '@ramet/model/errors/errors.ts'
import type { Base } from '@ramet/model/manifest/inherit.ts'
import type { Logger } from 'pino'
import type { ManifestReader } from '../../manifests/manifest-reader.ts'
import type { Db } from '../../store/database.ts'
import { findPlayground } from '../../store/playgrounds.ts'
import { listBases } from '../bases.ts'
import { FolderWatch } from './folder-watch.ts'
import { readOfficials } from './officials.ts'
import { type BrokenEntry, brokenEntry, type CatalogEntry } from './read-entry.ts'
import { storeEntries } from './store-entries.ts'
import { TeamFolder } from './team-folder.ts'

export interface CatalogOptions {
  readonly db: Db
  /** Of the playgrounds that come with Ramet. */
  readonly officialFolder: string
  /** A team's own (RAMET_CATALOG). */
  readonly teamFolder?: string | undefined
  /** Names of images that this server has or can build. */
  readonly images: () => readonly string[]
  readonly reader: Pick<ManifestReader, 'playground'>
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>
}

/** A team's manifests are looked at before the server answers, but not for longer than this. */
const firstLookMs = 10_000
/** Some filesystems tell of no change (NFS). */
const lookAgainMs = 30_000

/**
 * Playgrounds that belong to nobody: those that come with Ramet, and those of a team's folder, which is watched. A broken one does not hide the others; one that was good before stays as it
 * was until it is good again. One that is removed leaves the catalogue, and its runs go on.
 */
export class Catalog implements AsyncDisposable {
  readonly #options: CatalogOptions
  readonly #officials: readonly CatalogEntry[]
  readonly #team: TeamFolder | undefined
  readonly #watch = new FolderWatch(() => void this.look())
  readonly #timer: NodeJS.Timeout | undefined
  #bases: readonly Base[] = []
  #broken: readonly BrokenEntry[] = []
  #names: ReadonlySet<string> = new Set()
  #looking: Promise<void> = Promise.resolve()
  #isClosed = false

  private constructor(options: CatalogOptions, officials: readonly CatalogEntry[]) {
    this.#options = options
    this.#officials = officials
    const { teamFolder, reader, images } = options
    if (teamFolder === undefined) return
    const bases = () => this.#bases.filter(({ name }) => this.#isOfficial(name))
    this.#team = new TeamFolder(teamFolder, (texts) => reader.playground(texts, { images: images(), bases: bases() }))
    this.#timer = setInterval(() => void this.look(), lookAgainMs).unref()
  }

  /** Throws InvalidInput when one that comes with Ramet is wrong. */
  static async open(options: CatalogOptions): Promise<Catalog> {
    const officials = await readOfficials(options.officialFolder, options.images())
    const catalog = new Catalog(options, officials)
    // What a team had stays until its folder was read.
    await storeEntries(options.db, officials, () => options.teamFolder !== undefined)
    catalog.#bases = await listBases(options.db)
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, firstLookMs)
    await Promise.race([catalog.look(), late])
    clearTimeout(timer)
    return catalog
  }

  /** What others may be made from. */
  bases(): readonly Base[] {
    return this.#bases
  }

  /** Playgrounds of the team's folder that cannot be taken as they are. */
  broken(): readonly BrokenPlayground[] {
    return this.#broken.map((each) => ({ ...each, problems: [...each.problems] }))
  }

  /** Whether a playground of the catalogue comes from the team's folder. */
  isTeams(name: string): boolean {
    return this.#names.has(name)
  }

  /** Reads the team's folder again. Never throws. */
  look(): Promise<void> {
    this.#looking = this.#looking
      .then(() => this.#look())
      .catch((error) => this.#options.log.error({ err: error }, 'reading the catalogue failed'))
    return this.#looking
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#timer)
    this.#watch[Symbol.dispose]()
    await this.#looking
  }

  async #look(): Promise<void> {
    const { db, log } = this.#options
    if (!this.#team || this.#isClosed) return
    const sight = await this.#team.look()
    if (this.#isClosed) return
    this.#watch.set(sight.watched)
    const entries: CatalogEntry[] = []
    const broken = [...sight.broken]
    for (const entry of sight.entries) {
      const isTaken = this.#isOfficial(entry.name) || ((await findPlayground(db, entry.name))?.owner_id ?? null) !== null
      if (isTaken) broken.push(brokenEntry(entry.name, nameTaken('playground', entry.name)))
      else entries.push(entry)
    }
    const kept = new Set(broken.map(({ name }) => name))
    const isChanged = await storeEntries(db, [...this.#officials, ...entries], (name) => sight.isUnreadable || kept.has(name))
    if (isChanged) this.#bases = await listBases(db)
    this.#names = new Set(this.#bases.map(({ name }) => name).filter((name) => !this.#isOfficial(name)))
    if (JSON.stringify(broken) !== JSON.stringify(this.#broken)) {
      for (const { name, problems } of broken) log.warn({ playground: name, problems }, 'a playground of the catalogue is broken')
      if (broken.length === 0) log.info('all playgrounds of the catalogue are good again')
    }
    this.#broken = broken
  }

  #isOfficial(name: string): boolean {
    return this.#officials.some((each) => each.name === name)
  }
}

import { RametError } from '@ramet/model/errors/error.ts'
import { invalidInput, notFound } from '@ramet/model/errors/errors.ts'
import { isBuildSource, parseBuildSource } from '@ramet/model/units/build-source.ts'
import { canonicalSource, isImageReference, parseImageReference } from '@ramet/model/units/image-reference.ts'
import { type BuildSettings, buildEntry } from './dockerfile/build-entry.ts'
import { type BuildContext, listContexts } from './dockerfile/context-store.ts'
import { partitionedRegistryEntry } from './oci/partitioned-registry-entry.ts'
import { listPins } from './oci/pins.ts'
import type { RegistryOptions } from './oci/registry/registry.ts'
import { registryEntry } from './oci/registry-entry.ts'
import { catalogEntry } from './recipes/catalog.ts'
import type { CatalogEntry } from './recipes/catalog-entry.ts'
import { asPartitioned } from './recipes/partitioned-entry.ts'

/** What can be built by which name: what is given, what was asked for of registries, and folders with a Dockerfile. */
export class ImageEntries {
  readonly #cacheFolder: string
  readonly #registry: RegistryOptions | undefined
  readonly #buildSettings: BuildSettings
  #known: readonly CatalogEntry[]
  /** Folders that are here, by the digest of their content, and their entries. */
  #contexts: ReadonlyMap<string, BuildContext> = new Map()
  #ofFolders: ReadonlySet<CatalogEntry> = new Set()

  constructor(
    cacheFolder: string,
    given: readonly CatalogEntry[],
    registry: RegistryOptions | undefined,
    buildSettings: BuildSettings,
  ) {
    this.#cacheFolder = cacheFolder
    this.#known = given
    this.#registry = registry
    this.#buildSettings = buildSettings
  }

  get known(): readonly CatalogEntry[] {
    return this.#known
  }

  /** By name or alias, or a reference to a registry, known or not. Throws `not_found`, `invalid_input`, `folder_not_sent`. */
  of(name: string): CatalogEntry {
    const canonical = canonicalSource(name)
    const known = this.#known.find((each) => each.name === canonical)
    if (known) return known
    if (isBuildSource(name)) return this.#ofFolder(name)
    const inPartition = asPartitioned(name)
    const image = inPartition && this.of(inPartition.image)
    if (inPartition && image?.pinned) return partitionedRegistryEntry(this.#cacheFolder, image, inPartition.table)
    if (!isImageReference(name)) return catalogEntry(name, this.#known)
    const reference = parseImageReference(name)
    if ('wrong' in reference) throw invalidInput(reference.wrong)
    return registryEntry(this.#cacheFolder, reference, this.#registry)
  }

  know(entry: CatalogEntry): void {
    if (!this.#known.some(({ name }) => name === entry.name)) this.#known = [...this.#known, entry]
  }

  /** What has a name of its own in a registry can be had again by it. */
  forget(entry: CatalogEntry): void {
    if (!isImageReference(entry.name)) return
    this.#known = this.#known.filter((each) => each !== entry && asPartitioned(each.name)?.image !== entry.name)
  }

  isOfFolder(entry: CatalogEntry): boolean {
    return this.#ofFolders.has(entry) || isBuildSource(entry.name)
  }

  /** True when the name means an image that is none of a folder. */
  isTaken(name: string): boolean {
    const other = this.#known.find((each) => each.name === name || each.aliases.includes(name))
    return other !== undefined && !this.#ofFolders.has(other)
  }

  async readPins(): Promise<void> {
    for (const { reference } of await listPins(this.#cacheFolder)) this.know(this.of(reference))
  }

  /** Entries of folders are by what is stored: a tag may have gone from one to another. Returns them. */
  async readFolders(): Promise<ReadonlySet<CatalogEntry>> {
    const contexts = await listContexts(this.#cacheFolder)
    const entries = contexts.flatMap((context) =>
      (context.tags.length > 0 ? context.tags : [undefined]).map((tag) =>
        buildEntry(this.#cacheFolder, context, this.#buildSettings, this.#registry, tag),
      ),
    )
    const others = this.#known.filter((each) => !this.isOfFolder(each))
    this.#contexts = new Map(contexts.map((context) => [context.digest, context]))
    this.#ofFolders = new Set(entries)
    this.#known = [...others, ...entries]
    return this.#ofFolders
  }

  #ofFolder(name: string): CatalogEntry {
    const build = parseBuildSource(name)
    if ('wrong' in build) throw invalidInput(build.wrong)
    if ('folder' in build) throw folderNotSent(build.folder)
    const context = this.#contexts.get(build.digest)
    if (!context) throw notFound('image', name, 'Its folder is not here any more. Send it again: ramet image build FOLDER')
    return buildEntry(this.#cacheFolder, context, this.#buildSettings, this.#registry)
  }
}

const folderNotSent = (folder: string) =>
  new RametError(
    'folder_not_sent',
    422,
    `The folder ${folder} is on the machine of whoever wrote this, and its content is not here.`,
    {
      hint: 'The command line sends it: ramet playground create -f FILE, or ramet image build FOLDER.',
    },
  )

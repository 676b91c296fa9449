import { EventEmitter } from 'node:events'
import type { Image } from '@ramet/model/api/host.ts'
import type { Failure } from '@ramet/model/api/wire.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { imageNotKnown, invalidInput, notFound } from '@ramet/model/errors/errors.ts'
import type { RegistryAuth } from '@ramet/model/manifest/registry-auth.ts'
import { whyNoStart } from '@ramet/model/plan/why-no-start.ts'
import { buildName, printBuild } from '@ramet/model/units/build-source.ts'
import { isImageReference } from '@ramet/model/units/image-reference.ts'
import { BuildsUnderWay, type RequireOptions } from './builds-under-way.ts'
import type { KernelPack, RootImage } from './cache/artefact.ts'
import { findArtefact, listArtefacts, reclaim, removeArtefact } from './cache/cache.ts'
import { type CachedArtefact, noteUse } from './cache/record.ts'
import type { BuildSettings } from './dockerfile/build-entry.ts'
import { storeContext } from './dockerfile/context-store.ts'
import { ImageEntries } from './image-entries.ts'
import { type ImageInspection, inspectionOf } from './inspection.ts'
import { collectRegistryImages } from './oci/collect.ts'
import type { RegistryOptions } from './oci/registry/registry.ts'
import { catalog } from './recipes/catalog.ts'
import type { Built, CatalogEntry } from './recipes/catalog-entry.ts'
import { kernelPackName } from './recipes/kernel-pack.ts'

/** Of a folder that is built: its own name, and one for what comes of it. */
export interface FolderNames {
  readonly name: string
  readonly tag?: string | undefined
}

/** What there is to start machines from: built on demand, each at most once at a time, kept in one cache folder. */
export class ImageLibrary {
  readonly #cacheFolder: string
  readonly #entries: ImageEntries
  readonly #builds: BuildsUnderWay
  /** What the cache was last seen to hold. */
  readonly #ready = new Map<string, CachedArtefact>()
  readonly #digests = new Map<string, string>()
  readonly #failures = new Map<string, Failure>()
  readonly #events = new EventEmitter<{ change: [Image] }>()

  private constructor(cacheFolder: string, entries: ImageEntries) {
    this.#cacheFolder = cacheFolder
    this.#entries = entries
    this.#builds = new BuildsUnderWay(cacheFolder, {
      onBegin: (entry) => {
        entries.know(entry)
        this.#failures.delete(entry.name)
      },
      onProgress: (entry) => this.#changed(entry),
      onFailure: ({ name }, error) => this.#failures.set(name, failureOf(error)),
      onEnd: async (entry, settled) => {
        await this.#find(entry).catch(() => {})
        settled()
        this.#changed(entry)
      },
    })
  }

  /** Looks what is built already, and removes what killed builds left in the cache. */
  static async open(
    cacheFolder: string,
    entries: readonly CatalogEntry[] = catalog,
    registry?: RegistryOptions,
    builds: BuildSettings = { hasNetwork: false },
  ): Promise<ImageLibrary> {
    await reclaim(cacheFolder)
    // What a killed server had fetched and not converted is wanted again at once.
    await collectRegistryImages(cacheFolder, new Date(Date.now() - unconvertedForMs))
    const library = new ImageLibrary(cacheFolder, new ImageEntries(cacheFolder, entries, registry, builds))
    await library.#entries.readFolders()
    await library.#entries.readPins()
    for (const entry of library.#entries.known) await library.#find(entry)
    return library
  }

  /** Everything that can be built, built or not. */
  list(): Image[] {
    return this.#entries.known.map((entry) => this.#describe(entry))
  }

  /** The newest artefact of the present recipe, if it was built. */
  async find(name: string): Promise<Built | undefined> {
    const entry = this.#entries.of(name)
    const found = await this.#find(entry)
    return found && entry.open(found)
  }

  /**
   * Resolves with the artefact once it is there: at once, or after a build, joining one under way. A failed one is tried again. Throws `image_not_built` for one whose build somebody has to ask
   * for.
   */
  async require(name: string, options: RequireOptions = {}): Promise<Built> {
    const entry = this.#entries.of(name)
    if (!this.#builds.progressOf(entry.name)) {
      const found = await this.#find(entry)
      if (found) {
        await this.#noteUse(entry, found)
        return entry.open(found)
      }
      const refusal = whyNoStart(this.#describe(entry))
      if (refusal) throw refusal
    }
    return this.#builds.join(entry, options, false)
  }

  async requireImage(name: string, options: RequireOptions = {}): Promise<RootImage> {
    if (this.#entries.of(name).kind !== 'image') throw notFound('image', name)
    return (await this.require(name, options)) as RootImage
  }

  async requireKernelPack(options: RequireOptions = {}): Promise<KernelPack> {
    return (await this.require(kernelPackName, options)) as KernelPack
  }

  /** Builds anew although there is one, which drives that stand on it keep; later starts take the new one. Joins a build under way. */
  async build(name: string, options: RequireOptions = {}): Promise<Built> {
    return this.#builds.join(this.#entries.of(name), options, true)
  }

  /** Takes all versions out of the cache except those in `keep` (folders), and cancels a build under way. */
  async remove(name: string, keep: ReadonlySet<string> = new Set()): Promise<void> {
    const entry = this.#entries.of(name)
    await this.#builds.cancel(entry.name)
    this.#failures.delete(entry.name)
    if (entry.forget) await entry.forget()
    else for (const { folder } of await this.versions(entry.name)) if (!keep.has(folder)) await removeArtefact(folder)
    // Several names may mean the same.
    for (const each of entry.forget ? this.#entries.known : []) await this.#find(each)
    await this.#find(entry)
    this.#changed(entry)
    if (this.#entries.isOfFolder(entry)) await this.#readFolders()
    else this.#entries.forget(entry)
  }

  /** What a reference to a registry stands for: pinned already, or from now on, as the registry says. Undefined for images that are built here. */
  async pin(name: string, signal?: AbortSignal, registryAuth?: RegistryAuth): Promise<string | undefined> {
    const entry = this.#entries.of(name)
    if (!entry.pin) return undefined
    const digest = await entry.pin(signal, registryAuth)
    this.#entries.know(entry)
    await this.#find(entry)
    this.#changed(entry)
    return digest
  }

  /** What an image is made of and says of itself; undefined when it is not here. */
  async inspect(name: string): Promise<ImageInspection | undefined> {
    const found = await this.#find(this.#entries.of(name))
    return found && inspectionOf(found.facts)
  }

  /** Host of the registry that an image has yet to come from; undefined for one that is here, is built here, or is not known. */
  awaitedFrom(name: string): string | undefined {
    if (!isImageReference(name) && !this.#entries.known.some((each) => each.name === name)) return undefined
    const entry = this.#entries.of(name)
    return this.#ready.has(entry.name) ? undefined : entry.registry
  }

  /** Why no start may begin from it (`image_not_built`), going by what the cache was last seen to hold; undefined when one may. */
  whyNoStart(name: string): RametError | undefined {
    try {
      return whyNoStart(this.#describe(this.#entries.of(name)))
    } catch (error) {
      if (!(error instanceof RametError)) throw error
      return imageNotKnown(name, error.hint ?? error.message)
    }
  }

  /**
   * Takes a folder with a Dockerfile, as a tar archive, and returns the name that its image has from now on: by its content, or `tag`. Nothing is built yet. Throws
   * `context_too_large`, and `invalid_input` for a tag that is another image's name.
   */
  async addFolder({ name, tag }: FolderNames, content: AsyncIterable<Uint8Array>): Promise<string> {
    if (tag !== undefined && this.#entries.isTaken(tag)) throw invalidInput(`There is an image ${tag} already.`)
    const context = await storeContext(this.#cacheFolder, { name: buildName(name), tag }, content)
    await this.#readFolders()
    const added = tag ?? printBuild(context)
    this.#changed(this.#entries.of(added))
    return added
  }

  /** Every artefact of that name in the cache, of older recipes too, newest first. */
  async versions(name: string): Promise<CachedArtefact[]> {
    const entry = this.#entries.of(name)
    return listArtefacts(this.#cacheFolder, entry.kind, entry.name)
  }

  /** Called with the whole image whenever its state or progress changed. Returns the way to stop listening. */
  onChange(listener: (image: Image) => void): () => void {
    this.#events.on('change', listener)
    return () => this.#events.off('change', listener)
  }

  /** Cancels what is being built and waits until it left nothing. */
  async close(): Promise<void> {
    await this.#builds.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #readFolders(): Promise<void> {
    for (const entry of await this.#entries.readFolders()) await this.#find(entry)
  }

  async #find(entry: CatalogEntry): Promise<CachedArtefact | undefined> {
    const pinned = await entry.pinned?.()
    if (pinned === undefined) this.#digests.delete(entry.name)
    else this.#digests.set(entry.name, pinned)
    const key = { cacheFolder: this.#cacheFolder, kind: entry.kind, name: entry.name, recipeHash: await entry.hash() }
    const found = entry.find ? await entry.find() : await findArtefact(key)
    if (found) this.#ready.set(entry.name, found)
    else this.#ready.delete(entry.name)
    return found
  }

  async #noteUse({ name }: CatalogEntry, found: CachedArtefact): Promise<void> {
    const lastUsedAt = new Date()
    await noteUse(found.folder, lastUsedAt)
    this.#ready.set(name, { ...found, lastUsedAt })
  }

  #describe(entry: CatalogEntry): Image {
    const { name, kind, description, costs } = entry
    const found = this.#ready.get(name)
    const progress = this.#builds.progressOf(name)
    const error = this.#failures.get(name)
    const digest = this.#digests.get(name)
    return {
      name,
      kind,
      description,
      ...(costs === undefined ? {} : { costs }),
      state: progress ? 'building' : found ? 'ready' : error ? 'failed' : 'absent',
      bytes: found?.bytes ?? 0,
      ...(digest === undefined ? {} : { digest }),
      ...(found ? { builtAt: found.builtAt.toISOString(), lastUsedAt: found.lastUsedAt.toISOString() } : {}),
      ...(progress ? { progress } : {}),
      ...(error ? { error } : {}),
    }
  }

  #changed(entry: CatalogEntry): void {
    this.#events.emit('change', this.#describe(entry))
  }
}

/** How long layers are kept that no image has. */
const unconvertedForMs = 24 * 60 * 60_000

const failureOf = ({ code, message, hint }: RametError): Failure => ({ code, message, ...(hint === undefined ? {} : { hint }) })

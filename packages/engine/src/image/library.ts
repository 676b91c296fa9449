import { EventEmitter } from 'node:events'
import type { Image } from '@ramet/model/api/host.ts'
import type { Failure, Progress } from '@ramet/model/api/wire.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { imageBuildFailed, invalidInput, notFound } from '@ramet/model/errors/errors.ts'
import type { RegistryAuth } from '@ramet/model/manifest/registry-auth.ts'
import { buildName, isBuildSource, parseBuildSource, printBuild } from '@ramet/model/units/build-source.ts'
import { canonicalSource, isImageReference, parseImageReference } from '@ramet/model/units/image-reference.ts'
import type { KernelPack, ReportProgress, RootImage } from './cache/artefact.ts'
import { findArtefact, listArtefacts, reclaim, removeArtefact } from './cache/cache.ts'
import { type CachedArtefact, noteUse } from './cache/record.ts'
import { type BuildSettings, buildEntry } from './dockerfile/build-entry.ts'
import { type BuildContext, listContexts, storeContext } from './dockerfile/context-store.ts'
import { type ImageInspection, inspectionOf } from './inspection.ts'
import { collectRegistryImages } from './oci/collect.ts'
import { partitionedRegistryEntry } from './oci/partitioned-registry-entry.ts'
import { listPins } from './oci/pins.ts'
import type { RegistryOptions } from './oci/registry/registry.ts'
import { registryEntry } from './oci/registry-entry.ts'
import { catalog, catalogEntry } from './recipes/catalog.ts'
import type { Built, CatalogEntry } from './recipes/catalog-entry.ts'
import { kernelPackName } from './recipes/kernel-pack.ts'
import { asPartitioned } from './recipes/partitioned-entry.ts'

interface BuildUnderWay {
  readonly name: string
  readonly result: Promise<Built>
  readonly controller: AbortController
  readonly reports: Set<ReportProgress>
  /** Callers of `require` who still want it; nobody left means that it is cancelled, unless somebody asked for the build as such. */
  waiting: number
  keep: boolean
  progress: Progress
}

/** Of a folder that is built: its own name, and one for what comes of it. */
export interface FolderNames {
  readonly name: string
  readonly tag?: string | undefined
}

export interface RequireOptions {
  readonly report?: ReportProgress
  /** Stops waiting; the build goes on as long as anybody else waits for it. */
  readonly signal?: AbortSignal
  /** The login of the playground that wants it. Nobody else's pull uses it: theirs is a build of its own, and what comes of both is stored once. */
  readonly registryAuth?: RegistryAuth | undefined
}

/** What there is to start machines from: built on demand, each at most once at a time, kept in one cache folder. */
export class ImageLibrary {
  readonly #cacheFolder: string
  /** What can be built, and what was asked for of registries. */
  readonly #entries: CatalogEntry[]
  readonly #registry: RegistryOptions | undefined
  readonly #buildSettings: BuildSettings
  /** Folders with a Dockerfile that are here, by the digest of their content, and their entries. */
  #contexts: ReadonlyMap<string, BuildContext> = new Map()
  #ofFolders: ReadonlySet<CatalogEntry> = new Set()
  /** By `buildKey`. */
  readonly #builds = new Map<string, BuildUnderWay>()
  /** What the cache was last seen to hold. */
  readonly #ready = new Map<string, CachedArtefact>()
  readonly #digests = new Map<string, string>()
  readonly #failures = new Map<string, Failure>()
  readonly #events = new EventEmitter<{ change: [Image] }>()

  private constructor(
    cacheFolder: string,
    entries: readonly CatalogEntry[],
    registry: RegistryOptions | undefined,
    builds: BuildSettings,
  ) {
    this.#cacheFolder = cacheFolder
    this.#buildSettings = builds
    this.#entries = [...entries]
    this.#registry = registry
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
    const library = new ImageLibrary(cacheFolder, entries, registry, builds)
    await library.#readContexts()
    for (const { reference } of await listPins(cacheFolder)) library.#know(library.#entry(reference))
    for (const entry of library.#entries) await library.#find(entry)
    return library
  }

  /** Everything that can be built, built or not. */
  list(): Image[] {
    return this.#entries.map((entry) => this.#describe(entry))
  }

  /** The newest artefact of the present recipe, if it was built. */
  async find(name: string): Promise<Built | undefined> {
    const entry = this.#entry(name)
    const found = await this.#find(entry)
    return found && entry.open(found)
  }

  /** Resolves with the artefact once it is there: at once, or after a build, joining one under way. A failed one is tried again. */
  async require(name: string, options: RequireOptions = {}): Promise<Built> {
    const entry = this.#entry(name)
    if (!this.#buildOf(entry.name)) {
      const found = await this.#find(entry)
      if (found) {
        await this.#noteUse(entry, found)
        return entry.open(found)
      }
    }
    return this.#join(entry, options, false)
  }

  async requireImage(name: string, options: RequireOptions = {}): Promise<RootImage> {
    if (this.#entry(name).kind !== 'image') throw notFound('image', name)
    return (await this.require(name, options)) as RootImage
  }

  async requireKernelPack(options: RequireOptions = {}): Promise<KernelPack> {
    return (await this.require(kernelPackName, options)) as KernelPack
  }

  /** Builds anew although there is one, which drives that stand on it keep; later starts take the new one. Joins a build under way. */
  async build(name: string, options: RequireOptions = {}): Promise<Built> {
    return this.#join(this.#entry(name), options, true)
  }

  /** Takes all versions out of the cache except those in `keep` (folders), and cancels a build under way. */
  async remove(name: string, keep: ReadonlySet<string> = new Set()): Promise<void> {
    const entry = this.#entry(name)
    for (const building of [...this.#builds.values()].filter((each) => each.name === entry.name)) {
      building.controller.abort(cancelled(entry.name))
      await building.result.catch(() => {})
    }
    this.#failures.delete(entry.name)
    if (entry.forget) await entry.forget()
    else for (const { folder } of await this.versions(entry.name)) if (!keep.has(folder)) await removeArtefact(folder)
    // Several names may mean the same.
    for (const each of entry.forget ? this.#entries : []) await this.#find(each)
    await this.#find(entry)
    this.#changed(entry)
    // What has a name of its own can be pulled again by it.
    if (this.#ofFolders.has(entry) || isBuildSource(entry.name)) return this.#readContexts()
    if (!isImageReference(entry.name)) return
    const gone = this.#entries.filter((each) => each === entry || asPartitioned(each.name)?.image === entry.name)
    for (const each of gone) this.#entries.splice(this.#entries.indexOf(each), 1)
  }

  /** What a reference to a registry stands for: pinned already, or from now on, as the registry says. Undefined for images that are built here. */
  async pin(name: string, signal?: AbortSignal, registryAuth?: RegistryAuth): Promise<string | undefined> {
    const entry = this.#entry(name)
    if (!entry.pin) return undefined
    const digest = await entry.pin(signal, registryAuth)
    this.#know(entry)
    await this.#find(entry)
    this.#changed(entry)
    return digest
  }

  /** What an image is made of and says of itself; undefined when it is not here. */
  async inspect(name: string): Promise<ImageInspection | undefined> {
    const found = await this.#find(this.#entry(name))
    return found && inspectionOf(found.facts)
  }

  /** Host of the registry that an image has yet to come from; undefined for one that is here, is built here, or is not known. */
  awaitedFrom(name: string): string | undefined {
    if (!isImageReference(name) && !this.#entries.some((each) => each.name === name)) return undefined
    const entry = this.#entry(name)
    return this.#ready.has(entry.name) ? undefined : entry.registry
  }

  /**
   * Takes a folder with a Dockerfile, as a tar archive, and returns the name that its image has from now on: by its content, or `tag`. Nothing is built yet. Throws
   * `context_too_large`, and `invalid_input` for a tag that is another image's name.
   */
  async addFolder({ name, tag }: FolderNames, content: AsyncIterable<Uint8Array>): Promise<string> {
    const other = tag === undefined ? undefined : this.#entries.find((each) => each.name === tag || each.aliases.includes(tag))
    if (other && !this.#ofFolders.has(other)) throw invalidInput(`There is an image ${other.name} already.`)
    const context = await storeContext(this.#cacheFolder, { name: buildName(name), tag }, content)
    await this.#readContexts()
    const added = tag ?? printBuild(context)
    this.#changed(this.#entry(added))
    return added
  }

  /** Every artefact of that name in the cache, of older recipes too, newest first. */
  async versions(name: string): Promise<CachedArtefact[]> {
    const entry = this.#entry(name)
    return listArtefacts(this.#cacheFolder, entry.kind, entry.name)
  }

  /** Called with the whole image whenever its state or progress changed. Returns the way to stop listening. */
  onChange(listener: (image: Image) => void): () => void {
    this.#events.on('change', listener)
    return () => this.#events.off('change', listener)
  }

  /** Cancels what is being built and waits until it left nothing. */
  async close(): Promise<void> {
    const builds = [...this.#builds.values()]
    for (const { name, controller } of builds) controller.abort(cancelled(name))
    await Promise.allSettled(builds.map(({ result }) => result))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** By name or alias, or a reference to a registry. */
  #entry(name: string): CatalogEntry {
    const canonical = canonicalSource(name)
    const known = this.#entries.find((each) => each.name === canonical)
    if (known) return known
    if (isBuildSource(name)) return this.#entryOfFolder(name)
    const inPartition = asPartitioned(name)
    const image = inPartition && this.#entry(inPartition.image)
    if (inPartition && image?.pinned) return partitionedRegistryEntry(this.#cacheFolder, image, inPartition.table)
    if (!isImageReference(name)) return catalogEntry(name, this.#entries)
    const reference = parseImageReference(name)
    if ('wrong' in reference) throw invalidInput(reference.wrong)
    return registryEntry(this.#cacheFolder, reference, this.#registry)
  }

  #entryOfFolder(name: string): CatalogEntry {
    const build = parseBuildSource(name)
    if ('wrong' in build) throw invalidInput(build.wrong)
    if ('folder' in build) throw folderNotSent(build.folder)
    const context = this.#contexts.get(build.digest)
    if (!context) throw notFound('image', name, 'Its folder is not here any more. Send it again: ramet image build FOLDER')
    return buildEntry(this.#cacheFolder, context, this.#buildSettings, this.#registry)
  }

  /** Entries of folders are by what is stored: a tag may have gone from one to another. */
  async #readContexts(): Promise<void> {
    const contexts = await listContexts(this.#cacheFolder)
    const entries = contexts.flatMap((context) =>
      (context.tags.length > 0 ? context.tags : [undefined]).map((tag) =>
        buildEntry(this.#cacheFolder, context, this.#buildSettings, this.#registry, tag),
      ),
    )
    this.#contexts = new Map(contexts.map((context) => [context.digest, context]))
    const others = this.#entries.filter((each) => !this.#ofFolders.has(each) && !isBuildSource(each.name))
    this.#ofFolders = new Set(entries)
    this.#entries.splice(0, Infinity, ...others, ...entries)
    for (const entry of entries) await this.#find(entry)
  }

  #know(entry: CatalogEntry): void {
    if (!this.#entries.some(({ name }) => name === entry.name)) this.#entries.push(entry)
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

  async #join(entry: CatalogEntry, options: RequireOptions, force: boolean): Promise<Built> {
    const { signal, report, registryAuth } = options
    const key = buildKey(entry.name, registryAuth)
    signal?.throwIfAborted()
    for (let ending = this.#builds.get(key); ending?.controller.signal.aborted; ending = this.#builds.get(key))
      await ending.result.catch(() => {})
    const build = this.#builds.get(key) ?? this.#begin(entry, force, registryAuth)
    if (force) build.keep = true
    build.waiting++
    if (report) {
      build.reports.add(report)
      report(build.progress)
    }
    const { promise: gaveUp, reject } = Promise.withResolvers<never>()
    gaveUp.catch(() => {})
    const giveUp = () => reject(signal?.reason)
    signal?.addEventListener('abort', giveUp, { once: true })
    try {
      return await Promise.race([build.result, gaveUp])
    } finally {
      signal?.removeEventListener('abort', giveUp)
      if (report) build.reports.delete(report)
      build.waiting--
      if (build.waiting === 0 && !build.keep) build.controller.abort(cancelled(entry.name))
    }
  }

  #begin(entry: CatalogEntry, force: boolean, registryAuth: RegistryAuth | undefined): BuildUnderWay {
    this.#know(entry)
    const key = buildKey(entry.name, registryAuth)
    const controller = new AbortController()
    const reports = new Set<ReportProgress>()
    const report = (progress: Progress) => {
      build.progress = progress
      for (const each of reports) each(progress)
      this.#changed(entry)
    }
    const run = async () => {
      try {
        // Not before `build` below is set.
        await Promise.resolve()
        report(build.progress)
        return await entry.build({ cacheFolder: this.#cacheFolder, report, signal: controller.signal, force, registryAuth })
      } catch (error) {
        const told = error instanceof RametError ? error : imageBuildFailed(entry.name, (error as Error).message)
        if (!controller.signal.aborted) this.#failures.set(entry.name, failureOf(asBuildError(entry.name, told)))
        throw asBuildError(entry.name, told)
      } finally {
        await this.#find(entry).catch(() => {})
        this.#builds.delete(key)
        this.#changed(entry)
      }
    }
    this.#failures.delete(entry.name)
    const build: BuildUnderWay = {
      name: entry.name,
      result: run(),
      controller,
      reports,
      waiting: 0,
      keep: force,
      progress: { step: 'Starting', message: `Building ${entry.name}`, percent: 0 },
    }
    build.result.catch(() => {})
    this.#builds.set(key, build)
    return build
  }

  #describe(entry: CatalogEntry): Image {
    const { name, kind, description } = entry
    const found = this.#ready.get(name)
    const building = this.#buildOf(name)
    const error = this.#failures.get(name)
    const digest = this.#digests.get(name)
    return {
      name,
      kind,
      description,
      state: building ? 'building' : found ? 'ready' : error ? 'failed' : 'absent',
      bytes: found?.bytes ?? 0,
      ...(digest === undefined ? {} : { digest }),
      ...(found ? { builtAt: found.builtAt.toISOString(), lastUsedAt: found.lastUsedAt.toISOString() } : {}),
      ...(building ? { progress: building.progress } : {}),
      ...(error ? { error } : {}),
    }
  }

  #buildOf(name: string): BuildUnderWay | undefined {
    return [...this.#builds.values()].find((build) => build.name === name)
  }

  #changed(entry: CatalogEntry): void {
    this.#events.emit('change', this.#describe(entry))
  }
}

/** How long layers are kept that no image has. */
const unconvertedForMs = 24 * 60 * 60_000

/** Only in memory. */
const buildKey = (name: string, auth: RegistryAuth | undefined) =>
  auth === undefined ? name : JSON.stringify([name, auth.host, auth.user, auth.password])

const folderNotSent = (folder: string) =>
  new RametError(
    'folder_not_sent',
    422,
    `The folder ${folder} is on the machine of whoever wrote this, and its content is not here.`,
    {
      hint: 'The command line sends it: ramet playground create -f FILE, or ramet image build FOLDER.',
    },
  )

const cancelled = (name: string) => new RametError('cancelled', 409, `The build of ${name} was cancelled.`)

/** A program's complaint says which image it was about; what already names a way out stays as it is. */
const asBuildError = (name: string, error: RametError) =>
  error.code === 'process_failed' ? imageBuildFailed(name, error.message) : error

const failureOf = ({ code, message, hint }: RametError): Failure => ({ code, message, ...(hint === undefined ? {} : { hint }) })

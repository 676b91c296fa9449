import type { HostImages, HostStorage, ImageBuild, RequireOptions } from '@ramet/engine'
import { can } from '@ramet/model/access/can.ts'
import type { Image, ImageDetails } from '@ramet/model/api/host.ts'
import type { Progress } from '@ramet/model/api/wire.ts'
import type { RametError } from '@ramet/model/errors/error.ts'
import { driveTooSmall, imageCannotBoot, notFound } from '@ramet/model/errors/errors.ts'
import type { ManifestSpec } from '@ramet/model/manifest/manifest.ts'
import type { RegistryAuth } from '@ramet/model/manifest/registry-auth.ts'
import type { PlanDrive } from '@ramet/model/plan/run-plan.ts'
import { isBuildSource } from '@ramet/model/units/build-source.ts'
import { canonicalSource, isImageReference } from '@ramet/model/units/image-reference.ts'
import type { RegistryAuths } from '../playgrounds/registry-auths.ts'
import type { Images, User } from '../services.ts'
import { collectLayers } from '../storage/layers/collect.ts'
import { type Db, transaction } from '../store/database.ts'
import { findImage, removeImage, setImage } from '../store/images.ts'
import { insertBuilding, markSealed, newLayerName, removeLayer } from '../store/layers.ts'
import type { ImageCollector } from './image-collector.ts'
import { imageUses } from './image-uses.ts'

export interface ImageServiceTools {
  readonly db: Db
  readonly storage: HostStorage
  readonly library: HostImages
  /** Logins of playgrounds at registries. Absent: none has any. */
  readonly registryAuths?: Pick<RegistryAuths, 'find'>
  /** Absent: nothing is removed by itself. */
  readonly collector?: Pick<ImageCollector, 'makeRoom'>
  /** Called with failed builds that nobody waits for. */
  buildFailed(name: string, error: unknown): void
}

/** A drive that is to begin from an image. */
export interface DriveOnImage {
  readonly machine: string
  readonly drive: Pick<PlanDrive, 'mount' | 'sizeBytes'>
}

/** Images that the first start of a server builds in the background. */
export const defaultImage = 'debian-stable'

/** Imports images as layers for drives. */
export class ImageService implements Images {
  readonly #tools: ImageServiceTools
  /** Running imports, at most one for each image. */
  readonly #imports = new Map<string, Promise<string>>()

  constructor(tools: ImageServiceTools) {
    this.#tools = tools
  }

  list(): Image[] {
    return this.#tools.library.list()
  }

  /** With what nothing uses marked. */
  async listWithUses(): Promise<Image[]> {
    const { db } = this.#tools
    const images = this.list()
    const uses = await imageUses(db)
    const usedDigests = new Set(images.flatMap(({ name, digest }) => (uses.has(name) ? (digest ?? []) : [])))
    const isUsed = ({ name, kind, digest }: Image) => kind === 'kernel-pack' || uses.has(name) || usedDigests.has(digest ?? '')
    return images.map((image) => ({ ...image, isUsed: isUsed(image) }))
  }

  /** Throws `not_found`. */
  async inspect(user: User, given: string): Promise<ImageDetails> {
    const { db, library } = this.#tools
    const image = this.#find(canonicalSource(given))
    const all = await imageUses(db)
    // Other names of the same are used by whoever uses it.
    const names = this.list().filter(
      ({ name, digest }) => name === image.name || (digest !== undefined && digest === image.digest),
    )
    const uses = names.flatMap(({ name }) => all.get(name) ?? [])
    const playgrounds = [...new Map(uses.flatMap((use) => [...use.playgrounds])).values()]
    const runs = [...new Map(uses.flatMap((use) => [...use.runs])).values()].filter(({ purpose }) => purpose === 'user')
    const shownPlaygrounds = playgrounds.filter(({ owner_id }) => can(user, 'playground.list', { ownerId: owner_id }))
    const shownRuns = runs.filter(({ owner_id }) => can(user, 'run.list', { ownerId: owner_id }))
    return {
      ...image,
      isUsed: image.kind === 'kernel-pack' || uses.length > 0,
      ...((await library.inspect(image.name)) ?? { layers: [] }),
      playgrounds: shownPlaygrounds.map(({ name }) => name).toSorted(),
      runs: shownRuns.map(({ id, title }) => ({ id, title })),
      others: playgrounds.length + runs.length - shownPlaygrounds.length - shownRuns.length,
    }
  }

  /** Names of what drives may be made from. */
  names(): string[] {
    return (
      this.list()
        // Those in a partition are chosen by a drive's `partitioned`, and what is in a registry needs no list.
        .filter(({ kind, name }) => kind === 'image' && !name.includes('+') && !isImageReference(name) && !isBuildSource(name))
        .map(({ name }) => name)
    )
  }

  /** Also pulls what a reference to a registry stands for now. */
  async build(given: string): Promise<Image> {
    const name = canonicalSource(given)
    if (!isImageReference(name) && !isBuildSource(name)) this.#find(name)
    void this.#tools.library.build(name).catch((error) => this.#tools.buildFailed(name, error))
    return this.#find(name)
  }

  async addFolder(...told: Parameters<Images['addFolder']>): Promise<Image> {
    const name = await this.#tools.library.addFolder(...told)
    return this.list().find((image) => image.name === name) ?? { name, kind: 'image', description: '', state: 'absent', bytes: 0 }
  }

  /** Removes an image's builds. Runs and playgrounds that use it keep their layer. */
  async remove(given: string): Promise<void> {
    const name = canonicalSource(given)
    this.#find(name)
    await this.#tools.library.remove(name)
    await removeImage(this.#tools.db, name)
    await collectLayers(this.#tools)
  }

  hasKernelPack(): boolean {
    return this.#tools.library.hasKernelPack()
  }

  async requireKernelPack(report?: (progress: Progress) => void, signal?: AbortSignal): Promise<void> {
    await this.#tools.library.requireKernelPack({ report, signal })
  }

  /** What its drives' sources stand for in registries is fixed from now on. Throws what registries do. */
  async pinSources({ machines }: Pick<ManifestSpec, 'machines'>, auth?: RegistryAuth, signal?: AbortSignal): Promise<void> {
    const sources = machines.flatMap(({ drives }) => drives.flatMap(({ source }) => source ?? []))
    await Promise.all([...new Set(sources.map(canonicalSource))].map((name) => this.#tools.library.pin(name, signal, auth)))
  }

  /**
   * Returns the sealed layer of the image's newest build; builds and imports it if necessary. Throws `image_cannot_boot` and `drive_too_small` when it
   * is not fit for the drives `uses`. `playgroundId`: whose login at a registry is used.
   */
  async requireLayer(
    given: string,
    report?: (progress: Progress) => void,
    signal?: AbortSignal,
    uses: readonly DriveOnImage[] = [],
    playgroundId?: string,
  ): Promise<string> {
    const name = canonicalSource(given)
    const registryAuth = playgroundId === undefined ? undefined : await this.#tools.registryAuths?.find(playgroundId)
    const image = await this.#requireRoomFor(name, { report, signal, registryAuth })
    for (const { machine, drive } of uses) {
      if (drive.mount === '/' && image.cannotBoot !== undefined) throw imageCannotBoot(name, image.cannotBoot)
      if (drive.sizeBytes < image.sizeBytes) throw driveTooSmall(machine, name, image.sizeBytes)
    }
    const before = this.#imports.get(name) ?? Promise.resolve('')
    const imported = before.catch(() => '').then(() => this.#import(name, image))
    this.#imports.set(name, imported)
    return imported
  }

  /** Why no start may begin from it (`image_not_built`); undefined when one may. Another server with the same cache may have built it since the last look. */
  async whyNoStart(given: string): Promise<RametError | undefined> {
    const { library } = this.#tools
    const name = canonicalSource(given)
    if (library.whyNoStart(name)?.status === 409) await library.inspect(name)
    return library.whyNoStart(name)
  }

  /** Images that nothing uses make room when there is little, and when the pull says that there is none. */
  async #requireRoomFor(name: string, options: RequireOptions): Promise<ImageBuild> {
    const { library, collector } = this.#tools
    if (!this.list().some((image) => image.name === name && image.state === 'ready'))
      await collector?.makeRoom(undefined, options.report)
    try {
      return await library.require(name, options)
    } catch (error) {
      if ((error as RametError).code !== 'no_space' || !(await collector?.makeRoom(Number.POSITIVE_INFINITY, options.report)))
        throw error
      return library.require(name, options)
    }
  }

  /** Returns the layer that a new run would get; undefined when the image must be built or imported first. */
  async currentLayer(given: string): Promise<string | undefined> {
    const name = canonicalSource(given)
    if (!this.list().some((image) => image.name === name && image.state === 'ready')) return undefined
    const { build } = await this.#tools.library.require(name)
    const known = await findImage(this.#tools.db, name)
    return known?.recipe === build ? known.layer_id : undefined
  }

  async #import(name: string, image: ImageBuild): Promise<string> {
    const { db, library } = this.#tools
    const { build } = image
    const known = await findImage(db, name)
    if (known?.recipe === build) return known.layer_id
    const { id, file } = newLayerName()
    await insertBuilding(db, { id, parentId: null, file, sizeBytes: image.sizeBytes })
    const sealed = await library.importLayer(name, image, file).catch(async (error) => {
      await removeLayer(db, id)
      throw error
    })
    await transaction(db, async (trx) => {
      await markSealed(trx, id, sealed)
      await setImage(trx, { name, layerId: id, recipe: build })
    })
    await collectLayers(this.#tools)
    return id
  }

  #find(name: string): Image {
    const image = this.list().find((candidate) => candidate.name === name)
    if (!image)
      throw notFound(
        'image',
        name,
        `There are: ${this.list()
          .map((candidate) => candidate.name)
          .join(', ')}.`,
      )
    return image
  }
}

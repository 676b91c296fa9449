import type { HostImages, HostStorage, ImageBuild } from '@ramet/engine'
import type { Image } from '@ramet/model/api/host.ts'
import type { Progress } from '@ramet/model/api/wire.ts'
import { driveTooSmall, imageCannotBoot, notFound } from '@ramet/model/errors/errors.ts'
import type { ManifestSpec } from '@ramet/model/manifest/manifest.ts'
import type { PlanDrive } from '@ramet/model/plan/run-plan.ts'
import { canonicalSource, isImageReference } from '@ramet/model/units/image-reference.ts'
import type { Images } from '../services.ts'
import { collectLayers } from '../storage/layers/collect.ts'
import { type Db, transaction } from '../store/database.ts'
import { findImage, removeImage, setImage } from '../store/images.ts'
import { insertBuilding, markSealed, newLayerName, removeLayer } from '../store/layers.ts'

export interface ImageServiceTools {
  readonly db: Db
  readonly storage: HostStorage
  readonly library: HostImages
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

  /** Names of what drives may be made from. */
  names(): string[] {
    return (
      this.list()
        // Those in a partition are chosen by a drive's `partitioned`, and what is in a registry needs no list.
        .filter(({ kind, name }) => kind === 'image' && !name.includes('+') && !isImageReference(name))
        .map(({ name }) => name)
    )
  }

  /** Also pulls what a reference to a registry stands for now. */
  async build(given: string): Promise<Image> {
    const name = canonicalSource(given)
    if (!isImageReference(name)) this.#find(name)
    void this.#tools.library.build(name).catch((error) => this.#tools.buildFailed(name, error))
    return this.#find(name)
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
  async pinSources({ machines }: Pick<ManifestSpec, 'machines'>, signal?: AbortSignal): Promise<void> {
    const sources = machines.flatMap(({ drives }) => drives.flatMap(({ source }) => source ?? []))
    await Promise.all([...new Set(sources.map(canonicalSource))].map((name) => this.#tools.library.pin(name, signal)))
  }

  /**
   * Returns the sealed layer of the image's newest build; builds and imports it if necessary. Throws `image_cannot_boot` and `drive_too_small` when it
   * is not fit for the drives `uses`.
   */
  async requireLayer(
    given: string,
    report?: (progress: Progress) => void,
    signal?: AbortSignal,
    uses: readonly DriveOnImage[] = [],
  ): Promise<string> {
    const name = canonicalSource(given)
    const image = await this.#tools.library.require(name, { report, signal })
    for (const { machine, drive } of uses) {
      if (drive.mount === '/' && image.cannotBoot !== undefined) throw imageCannotBoot(name, image.cannotBoot)
      if (drive.sizeBytes < image.sizeBytes) throw driveTooSmall(machine, name, image.sizeBytes)
    }
    const before = this.#imports.get(name) ?? Promise.resolve('')
    const imported = before.catch(() => '').then(() => this.#import(name, image))
    this.#imports.set(name, imported)
    return imported
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

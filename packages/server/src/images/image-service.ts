import type { HostImages, HostStorage, ImageBuild } from '@ramet/engine'
import type { Image } from '@ramet/model/api/host.ts'
import type { Progress } from '@ramet/model/api/wire.ts'
import { notFound } from '@ramet/model/errors/errors.ts'
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
        // Those in a partition are chosen by a drive's `partitioned`.
        .filter(({ kind, name }) => kind === 'image' && !name.includes('+'))
        .map(({ name }) => name)
    )
  }

  async build(name: string): Promise<Image> {
    this.#find(name)
    void this.#tools.library.build(name).catch((error) => this.#tools.buildFailed(name, error))
    return this.#find(name)
  }

  /** Removes an image's builds. Runs and playgrounds that use it keep their layer. */
  async remove(name: string): Promise<void> {
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

  /** Returns the sealed layer of the image's newest build; builds and imports it if necessary. */
  async requireLayer(name: string, report?: (progress: Progress) => void, signal?: AbortSignal): Promise<string> {
    const image = await this.#tools.library.require(name, { report, signal })
    const before = this.#imports.get(name) ?? Promise.resolve('')
    const imported = before.catch(() => '').then(() => this.#import(name, image))
    this.#imports.set(name, imported)
    return imported
  }

  /** Returns the layer that a new run would get; undefined when the image must be built or imported first. */
  async currentLayer(name: string): Promise<string | undefined> {
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

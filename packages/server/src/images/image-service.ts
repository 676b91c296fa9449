import { randomBytes } from 'node:crypto'
import { basename, join } from 'node:path'
import type { SealedFile } from '@ramet/engine/disk/layer-store.ts'
import type { KernelPack, RootImage } from '@ramet/engine/image/cache/artefact.ts'
import type { Image, Progress } from '@ramet/model/api/wire.ts'
import { notFound } from '@ramet/model/errors/errors.ts'
import type { Kysely } from 'kysely'
import type { Images } from '../services.ts'
import { collectLayers } from '../storage/layers/collect.ts'
import { findImage, removeImage, setImage } from '../store/images.ts'
import { insertBuilding, markSealed, removeLayer } from '../store/layers.ts'
import type { Database } from '../store/schema.ts'

/** What is built and cached; the real one is engine/image/library.ts. */
export interface Library {
  list(): Image[]
  require(name: string, options: { report?: (progress: Progress) => void; signal?: AbortSignal }): Promise<RootImage | KernelPack>
  build(name: string): Promise<unknown>
  remove(name: string, keep?: ReadonlySet<string>): Promise<void>
  onChange(listener: (image: Image) => void): () => void
}

export interface ImageServiceTools {
  readonly db: Kysely<Database>
  readonly library: Library
  readonly home: string
  /** Makes `to` a sealed layer with the content of `from`. */
  importLayer(from: string, to: string): Promise<SealedFile>
  /** Told of builds that nobody waits for and that failed. */
  buildFailed(name: string, error: unknown): void
}

export const kernelPackName = 'kernel-6.1'
/** Built in the background at the first start of a server. */
export const defaultImage = 'debian-stable'

/** Images as the layers that drives stand on. */
export class ImageService implements Images {
  readonly #tools: ImageServiceTools
  /** One import an image at a time. */
  readonly #imports = new Map<string, Promise<string>>()

  constructor(tools: ImageServiceTools) {
    this.#tools = tools
  }

  list(): Image[] {
    return this.#tools.library.list()
  }

  async build(name: string): Promise<Image> {
    this.#find(name)
    void this.#tools.library.build(name).catch((error) => this.#tools.buildFailed(name, error))
    return this.#find(name)
  }

  /** Runs and playgrounds made on the image keep their layer. */
  async remove(name: string): Promise<void> {
    this.#find(name)
    await this.#tools.library.remove(name)
    await removeImage(this.#tools.db, name)
    await collectLayers(this.#tools)
  }

  hasKernelPack(): boolean {
    return this.list().some((image) => image.name === kernelPackName && image.state === 'ready')
  }

  async requireKernelPack(report?: (progress: Progress) => void, signal?: AbortSignal): Promise<KernelPack> {
    return (await this.#tools.library.require(kernelPackName, { report, signal })) as KernelPack
  }

  /** The sealed layer of the image's newest build; built and imported now if need be. */
  async requireLayer(name: string, report?: (progress: Progress) => void, signal?: AbortSignal): Promise<string> {
    const image = (await this.#tools.library.require(name, { report, signal })) as RootImage
    const before = this.#imports.get(name) ?? Promise.resolve('')
    const imported = before.catch(() => '').then(() => this.#import(name, image))
    this.#imports.set(name, imported)
    return imported
  }

  /** The layer that a run made on the image now would get; undefined when the image has to be built or imported first. */
  async currentLayer(name: string): Promise<string | undefined> {
    if (!this.list().some((image) => image.name === name && image.state === 'ready')) return undefined
    const { folder } = await this.#tools.library.require(name, {})
    const known = await findImage(this.#tools.db, name)
    return known?.recipe === basename(folder) ? known.layer_id : undefined
  }

  async #import(name: string, image: RootImage): Promise<string> {
    const { db, home } = this.#tools
    const build = basename(image.folder)
    const known = await findImage(db, name)
    if (known?.recipe === build) return known.layer_id
    const id = randomBytes(12).toString('hex')
    const file = join('layers', `${id}.qcow2`)
    await insertBuilding(db, { id, parentId: null, file, sizeBytes: image.sizeBytes })
    const sealed = await this.#tools.importLayer(image.disk, join(home, file)).catch(async (error) => {
      await removeLayer(db, id)
      throw error
    })
    await db.transaction().execute(async (trx) => {
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

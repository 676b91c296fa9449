import type { Image } from '@ramet/model/api/host.ts'
import type { Progress } from '@ramet/model/api/wire.ts'
import type { RametError } from '@ramet/model/errors/error.ts'
import type { RegistryAuth } from '@ramet/model/manifest/registry-auth.ts'
import type { SealedFile } from '../disk/layer-store.ts'
import type { ImageInspection } from '../image/inspection.ts'
import type { FolderNames } from '../image/library.ts'

export interface RequireOptions {
  readonly report?: ((progress: Progress) => void) | undefined
  /** Stops waiting; the build goes on while anybody else waits for it. */
  readonly signal?: AbortSignal | undefined
  /** The login of the playground that wants it. */
  readonly registryAuth?: RegistryAuth | undefined
}

/** Images and kernels for machines: built on demand, one build of each at a time, kept in a cache that several homes may share. */
export interface HostImages {
  /** All images that can be built, built or not. */
  list(): Image[]
  /** Resolves once the image is built: at once, or after a build. Throws `image_build_failed`. */
  require(name: string, options?: RequireOptions): Promise<ImageBuild>
  /** The digest that a reference to a registry stands for from now on, until it is built again; undefined for images that are built here. */
  pin(name: string, signal?: AbortSignal, registryAuth?: RegistryAuth): Promise<string | undefined>
  /** What is known of a build beside `list`. Undefined when there is none. */
  inspect(name: string): Promise<ImageInspection | undefined>
  /** Host of the registry that an image has yet to come from; undefined for one that is here, is built here, or is not known. */
  awaitedFrom(name: string): string | undefined
  /** Why no start may begin from it (`image_not_built`), as far as is known without a look; undefined when one may. */
  whyNoStart(name: string): RametError | undefined
  /** Whether anything answers at a registry's address. Takes a few seconds at most. */
  reaches(registry: string): Promise<boolean>
  /** The kernel that every machine boots. */
  requireKernelPack(options?: RequireOptions): Promise<void>
  hasKernelPack(): boolean
  /** Makes the layer `file` (`layers/<id>.qcow2`) from a build that `require` returned. The file is whole or absent. Idempotent. Throws `no_space`. */
  importLayer(name: string, build: ImageBuild, file: string): Promise<SealedFile>
  /** Takes a folder with a Dockerfile, as a tar archive; returns the name of its image, which is built like any other. */
  addFolder(names: FolderNames, content: AsyncIterable<Uint8Array>): Promise<string>
  /** Rebuilds it even if a build exists. */
  build(name: string): Promise<void>
  /** Removes all its builds from the cache, and cancels one that is under way. Layers that were made from them stay. */
  remove(name: string): Promise<void>
  /** Calls the listener with the whole image whenever its state or progress changed. Returns a function that stops this. */
  onChange(listener: (image: Image) => void): () => void
}

/** One build of an image. */
export interface ImageBuild {
  /** Identifies the build. */
  readonly build: string
  /** Virtual size of its disk. */
  readonly sizeBytes: number
  /** Why it cannot be a root drive, as a sentence. */
  readonly cannotBoot?: string | undefined
}

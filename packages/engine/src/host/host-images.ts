import type { Image } from '@ramet/model/api/host.ts'
import type { Progress } from '@ramet/model/api/wire.ts'
import type { SealedFile } from '../disk/layer-store.ts'

export interface RequireOptions {
  readonly report?: ((progress: Progress) => void) | undefined
  /** Stops waiting; the build goes on as long as anybody else waits for it. */
  readonly signal?: AbortSignal | undefined
}

/** What there is to start machines from: built on demand, each at most once at a time, kept in a cache that several homes may share. */
export interface HostImages {
  /** Everything that can be built, built or not. */
  list(): Image[]
  /** Resolves once the image is built: at once, or after a build. Throws `image_build_failed`. */
  require(name: string, options?: RequireOptions): Promise<ImageBuild>
  /** The kernel that every machine boots. */
  requireKernelPack(options?: RequireOptions): Promise<void>
  hasKernelPack(): boolean
  /** Makes the layer `file` (`layers/<id>.qcow2`) of a build that `require` gave. Whole under its name or not at all; repeating it changes nothing. Throws `no_space`. */
  importLayer(name: string, build: ImageBuild, file: string): Promise<SealedFile>
  /** Builds anew although there is one. */
  build(name: string): Promise<void>
  /** Takes all builds out of the cache, and ends one that is under way. Layers that were made of them stay. */
  remove(name: string): Promise<void>
  /** Called with the whole image whenever its state or progress changed. Returns the way to stop listening. */
  onChange(listener: (image: Image) => void): () => void
}

/** One build of an image. */
export interface ImageBuild {
  /** Tells it from other builds. */
  readonly build: string
  /** Virtual size of its disk. */
  readonly sizeBytes: number
}

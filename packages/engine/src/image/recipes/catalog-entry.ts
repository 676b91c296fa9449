import type { RegistryAuth } from '@ramet/model/manifest/registry-auth.ts'
import type { ForcedBuild } from '../build/root-image.ts'
import type { KernelPack, RootImage } from '../cache/artefact.ts'
import type { CachedArtefact } from '../cache/record.ts'

/** Something that can be built: an entry here is all that a new image needs. */
export interface CatalogEntry {
  readonly name: string
  /** Further names that mean the same. */
  readonly aliases: readonly string[]
  readonly kind: 'image' | 'kernel-pack'
  readonly description: string
  /** What its build needs and takes, as a sentence, when that is more than a start should begin unasked. It is built when somebody asks for the build as such. */
  readonly costs?: string
  /** Host of the registry that it comes from; absent: it is built here. */
  readonly registry?: string
  /** Identity of what would be built now. */
  hash(): Promise<string>
  build(options: ForcedBuild): Promise<Built>
  /** The same from the cache. */
  open(artefact: CachedArtefact): Built
  /** The newest in the cache, where its hash alone does not say where that is. */
  find?(): Promise<CachedArtefact | undefined>
  /** Of an image from a registry: the digest that its reference stands for here; `pin` asks the registry for one that has none yet. */
  pinned?(): Promise<string | undefined>
  pin?(signal?: AbortSignal, registryAuth?: RegistryAuth): Promise<string>
  /** Removes what the reference stands for, where nothing else does. */
  forget?(): Promise<void>
}

export type Built = RootImage | KernelPack

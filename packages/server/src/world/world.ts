import type { SealedFile } from '@ramet/engine/disk/layer-store.ts'
import type { Host } from '@ramet/engine/run/host.ts'
import type { Check, Health } from '@ramet/model/api/wire.ts'
import type { Library } from '../images/image-service.ts'

/** Everything below the server: the real host, or a fake one for web development, demos and fast tests. */
export interface World {
  readonly host: Host
  readonly library: Library
  /** Makes `to` a sealed layer with the content of `from`: linked when on the same filesystem. */
  importLayer(from: string, to: string): Promise<SealedFile>
  /** Null until it is known. */
  accelerator(): Health['accelerator']
  /** Builds and probes in the background what a first start needs. */
  warmUp(): Promise<void>
  doctor(): Promise<Check[]>
}

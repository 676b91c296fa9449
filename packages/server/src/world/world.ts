import type { Host } from '@ramet/engine'
import type { HostParts } from '@ramet/engine/run/host-parts.ts'

/** The host below the server, and for a while still the parts that it is made of. */
export interface World {
  readonly face: Host
  /** For what does not go through `face` yet. */
  readonly host: HostParts
}

import type { HostParts } from './host-parts.ts'
import { hostName as nameOf } from './host-parts.ts'

/** Until the server uses the engine's face (host/host.ts). */
export type Host = HostParts
export const hostName = nameOf

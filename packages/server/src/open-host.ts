import type { HostConfig } from '@ramet/engine'
import type { HostAndParts } from '@ramet/engine/host/open-host.ts'

/** Opens the host that the server works on: this Linux host, or a fake one for web development, demos and fast tests. */
export type OpenHost = (config: HostConfig) => Promise<HostAndParts>

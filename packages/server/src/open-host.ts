import type { Host, HostConfig } from '@ramet/engine'

/** Opens the host that the server works on: this Linux host, or a fake one for web development, demos and fast tests. */
export type OpenHost = (config: HostConfig) => Promise<Host>

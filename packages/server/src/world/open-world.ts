import type { HostConfig } from '@ramet/engine'
import type { HostAndParts } from '@ramet/engine/host/open-host.ts'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import type { World } from './world.ts'

/** Opens the host that the server works on: this Linux host, or a fake one for web development, demos and fast tests. */
export type OpenHost = (config: HostConfig) => Promise<HostAndParts>

export async function openWorld(open: OpenHost, { home, cache }: Config, installation: string, log: Logger): Promise<World> {
  const opened = await open({ home, cache, installation, onAccelerator: (found) => log.info(found, 'accelerator chosen') })
  return { face: opened.host, host: opened.parts }
}

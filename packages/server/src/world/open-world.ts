import { type HostAndParts, openHostAndParts } from '@ramet/engine/host/open-host.ts'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import type { World } from './world.ts'

/** The world that the configuration asks for. The fake one is loaded only when asked for: it is no part of the product's path. */
export async function openWorld({ fake, home, cache }: Config, installation: string, log: Logger): Promise<World> {
  const open: typeof openHostAndParts = fake
    ? (await import('@ramet/engine/testing/fake/open-fake-host.ts')).openFakeHostAndParts
    : openHostAndParts
  const opened: HostAndParts = await open({
    home,
    cache,
    installation,
    onAccelerator: (found) => log.info(found, 'accelerator chosen'),
  })
  return { face: opened.host, host: opened.parts }
}

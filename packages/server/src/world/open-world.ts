import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import { openRealWorld } from './real-world.ts'
import type { World } from './world.ts'

/** The world that the configuration asks for. The fake one is loaded only when asked for: it is no part of the product's path. */
export async function openWorld(config: Config, installation: string, log: Logger): Promise<World> {
  if (!config.fake) return openRealWorld(config, installation, log)
  const { openFakeWorld } = await import('./fake-world.ts')
  return openFakeWorld(config, installation)
}

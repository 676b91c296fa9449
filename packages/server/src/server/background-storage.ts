import type { Host } from '@ramet/engine'
import type { Logger } from 'pino'
import { Activity } from '../background/activity.ts'
import type { Config } from '../config.ts'
import { collectLayers } from '../storage/layers/collect.ts'
import { type LayerTools, layerTools } from '../storage/layers/layer-tools.ts'
import { Shortener } from '../storage/layers/shortener.ts'
import { collectSnapshots } from '../storage/snapshots/collect.ts'
import { Durability } from '../storage/snapshots/durability.ts'
import { Rest } from '../storage/snapshots/rest.ts'
import type { Db } from '../store/database.ts'

/** How long background work waits after an action, since a person's first command follows it. */
const afterwardsMs = 5_000

export interface StorageParts {
  readonly config: Config
  readonly log: Logger
  readonly db: Db
  readonly host: Host
  afterStep(name: string): void
}

/** Layers and snapshots, with what looks after them while nobody waits. */
export interface BackgroundStorage {
  readonly layers: LayerTools
  readonly activity: Activity
  readonly durability: Durability
  /** Something may be there to do. */
  trigger(): void
  /** Makes a run's drives free of background work. */
  yieldTo(runId: string): Promise<void>
  /** Removes layers and snapshots that nothing uses. */
  collect(): Promise<void>
}

/** `opened` ends the work. */
export function backgroundStorage(
  { config, log, db, host, afterStep }: StorageParts,
  opened: AsyncDisposableStack,
): BackgroundStorage {
  const activity = new Activity({ quietMs: config.quietForMs, afterwardsMs: Math.min(config.quietForMs, afterwardsMs) })
  const durability = new Durability(
    { db, storage: host.storage },
    {
      quietMs: config.quietForMs,
      people: activity,
      onDurable: () => trigger(),
      onError: (error, snapshot) => log.warn({ err: error, snapshot }, 'a snapshot could not be made durable'),
    },
  )
  opened.defer(() => durability.close())
  const layers = layerTools({
    db,
    home: config.home,
    storage: host.storage,
    afterStep,
    changed: () => trigger(),
    snapshotTaken: () => durability.trigger(),
  })
  const shortener = new Shortener(layers, {
    activity,
    bound: config.maxLayers,
    onError: (error) => log.warn({ err: error }, 'a chain of layers could not be shortened'),
  })
  const rest = new Rest(layers, {
    activity,
    packAfterMs: config.packMemoryAfterMs,
    onError: (error) => log.warn({ err: error }, 'memory that rests could not be looked after'),
  })
  opened.defer(async () => void (await Promise.all([shortener.close(), rest.close()])))
  const trigger = () => {
    shortener.trigger()
    rest.trigger()
  }
  return {
    layers,
    activity,
    durability,
    trigger,
    yieldTo: async (runId) => void (await Promise.all([shortener.yieldTo(runId), rest.yieldTo(runId)])),
    async collect() {
      await collectSnapshots(layers)
      await collectLayers(layers)
    },
  }
}

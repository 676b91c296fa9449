import type { HostStorage } from '@ramet/engine'
import type { Db } from '../../store/database.ts'
import { RunLocks } from './run-locks.ts'

/** Dependencies of everything that makes, merges or removes layers. Made once for each server. */
export interface LayerTools {
  readonly db: Db
  /** RAMET_HOME, for messages. */
  readonly home: string
  readonly storage: HostStorage
  readonly locks: RunLocks
  /** Called when chains may have become longer, or may now be shortened. */
  readonly changed?: () => void
  /** Called with each snapshot once it is recorded; its files are not durable yet. */
  readonly snapshotTaken?: (snapshotId: string) => void
  /** Called after each named step that did something, for crash tests. It may throw, or end the process. */
  readonly afterStep?: (name: string) => void
}

export function layerTools(tools: Omit<LayerTools, 'locks'>): LayerTools {
  return { ...tools, locks: new RunLocks() }
}

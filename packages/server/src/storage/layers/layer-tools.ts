import type { HostStorage } from '@ramet/engine'
import type { Db } from '../../store/database.ts'
import { RunLocks } from './run-locks.ts'

/** What everything that makes, merges or removes layers works with. Made once a server. */
export interface LayerTools {
  readonly db: Db
  /** RAMET_HOME, for messages. */
  readonly home: string
  readonly storage: HostStorage
  readonly locks: RunLocks
  /** Told when chains may have become longer or free to be shortened. */
  readonly changed?: () => void
  /** Told of each snapshot once it is written down; its files are not durable yet. */
  readonly snapshotTaken?: (snapshotId: string) => void
  /** Told after each named step that did something; for crash tests. May throw, or end the process. */
  readonly afterStep?: (name: string) => void
}

export function layerTools(tools: Omit<LayerTools, 'locks'>): LayerTools {
  return { ...tools, locks: new RunLocks() }
}

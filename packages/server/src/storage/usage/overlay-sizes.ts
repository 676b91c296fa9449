import type { HostStorage, OverlayName } from '@ramet/engine'
import { isOff } from '@ramet/model/run/run-state.ts'
import type { HoldingRows } from '../../store/usage.ts'

interface Measured {
  readonly bytes: number
  /** `last_state_at` of the run when it was off; undefined: its VM may have written since. */
  readonly offSince: string | undefined
}

/** Rows that name overlays, and the runs that they are of. */
export interface OverlayRows {
  readonly runs: readonly Pick<HoldingRows['runs'][number], 'id' | 'state' | 'last_state_at'>[]
  readonly drives: readonly Pick<HoldingRows['drives'][number], 'run_id' | 'overlay' | 'next_overlay'>[]
}

/**
 * Measures overlays, the only files whose size is in no row. An overlay of a run that is off is measured once: nothing writes to it until the run's state changes.
 */
export class OverlaySizes {
  readonly #storage: Pick<HostStorage, 'overlayBytes'>
  #measured: ReadonlyMap<string, Measured> = new Map()

  constructor(storage: Pick<HostStorage, 'overlayBytes'>) {
    this.#storage = storage
  }

  /** Measures overlays whose size may have changed, and forgets those that no row names any more. */
  async measure({ runs, drives }: OverlayRows): Promise<void> {
    const offSince = new Map(runs.map((run) => [run.id, isOff(run.state) ? run.last_state_at : undefined]))
    const known = new Map<string, Measured>()
    const unknown: OverlayName[] = []
    for (const { run_id: runId, overlay, next_overlay } of drives) {
      for (const name of [overlay, next_overlay]) {
        if (name === null) continue
        const before = this.#measured.get(key(runId, name))
        if (before?.offSince !== undefined && before.offSince === offSince.get(runId)) known.set(key(runId, name), before)
        else unknown.push({ runId, overlay: name })
      }
    }
    const bytes = unknown.length === 0 ? [] : await this.#storage.overlayBytes(unknown)
    for (const [index, { runId, overlay }] of unknown.entries()) {
      known.set(key(runId, overlay), { bytes: bytes[index] ?? 0, offSince: offSince.get(runId) })
    }
    this.#measured = known
  }

  /** Of all, as last measured. */
  get totalBytes(): number {
    return [...this.#measured.values()].reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /** The size last measured; 0 for an overlay that was never measured. */
  bytesOf(runId: string, overlay: string): number {
    return this.#measured.get(key(runId, overlay))?.bytes ?? 0
  }
}

const key = (runId: string, overlay: string) => `${runId}/${overlay}`

import type { Holdings } from './holdings.ts'
import { type Share, shares } from './shares.ts'

/** Bytes on disk (st_blocks x 512) of layers, overlays and snapshots, as far as they are known. */
export interface Usage {
  /** Runs by id. */
  readonly runs: ReadonlyMap<string, Share>
  /** Playgrounds by id. Those made from a manifest hold nothing. */
  readonly playgrounds: ReadonlyMap<string, Share>
  /** Images by name. */
  readonly images: ReadonlyMap<string, Share>
  /** Warm starts by id of the playground. */
  readonly warmStarts: ReadonlyMap<string, Share>
  readonly total: {
    readonly bytes: number
    readonly layerBytes: number
    readonly overlayBytes: number
    readonly snapshotBytes: number
    /** Sum of all owners' exclusive bytes. `bytes` is the sum of this, `sharedBytes` and `unheldBytes`. */
    readonly exclusiveBytes: number
    /** Counted once, however many share them. */
    readonly sharedBytes: number
    /** Not collected yet. */
    readonly unheldBytes: number
  }
}

/** Who uses how much. */
export function usageOf({ items, holds, totals }: Holdings): Usage {
  const { byOwner, exclusiveBytes, sharedBytes, unheldBytes } = shares(items, holds)
  const of = (kind: string) =>
    new Map(
      [...byOwner].flatMap(([owner, share]) =>
        owner.startsWith(`${kind} `) ? [[owner.slice(kind.length + 1), share] as const] : [],
      ),
    )
  return {
    runs: of('run'),
    playgrounds: of('playground'),
    images: of('image'),
    warmStarts: of('warm'),
    total: {
      bytes: totals.layer + totals.overlay + totals.snapshot,
      layerBytes: totals.layer,
      overlayBytes: totals.overlay,
      snapshotBytes: totals.snapshot,
      exclusiveBytes,
      sharedBytes,
      unheldBytes,
    },
  }
}

import { freeBytes } from '@ramet/engine'
import type { Image } from '@ramet/model/api/host.ts'
import type { Progress } from '@ramet/model/api/wire.ts'
import { describeBytes } from '@ramet/model/units/bytes.ts'
import type { Db } from '../store/database.ts'
import { imageUses } from './image-uses.ts'

/** With less than this free, images that nothing uses go. `ramet doctor` warns at the same figure. */
export const littleSpaceBytes = 5 * 1024 ** 3
/** Somebody may be about to make a drive of it. */
const justUsedMs = 10 * 60_000

export interface CollectorTools {
  readonly db: Db
  readonly cacheFolder: string
  list(): readonly Image[]
  remove(name: string): Promise<void>
  /** Told of each image that goes. */
  removed(image: { readonly names: readonly string[]; readonly bytes: number; readonly lastUsedAt: string }): void
  readonly free?: (folder: string) => Promise<number>
}

/** An image of the cache that may go, under all its names. */
export interface UnusedImage {
  readonly names: readonly string[]
  readonly bytes: number
  readonly lastUsedAt: string
}

/**
 * Images from registries that no playground, run or layer needs: they can be had again. What is built here stays, since it takes minutes and a mirror. The
 * longest unused ones first.
 */
export async function unusedImages(db: Db, images: readonly Image[], now = Date.now()): Promise<UnusedImage[]> {
  const uses = await imageUses(db)
  const byDigest = Map.groupBy(
    images.filter(({ digest }) => digest !== undefined),
    ({ digest }) => digest,
  )
  return [...byDigest.values()]
    .filter((group) => group.every(({ name, state }) => !uses.has(name) && state !== 'building'))
    .flatMap((group): UnusedImage[] => {
      const [ready] = group.filter(({ state }) => state === 'ready')
      const lastUsedAt = ready?.lastUsedAt
      if (!ready || lastUsedAt === undefined || now - Date.parse(lastUsedAt) < justUsedMs) return []
      return [{ names: group.map(({ name }) => name), bytes: ready.bytes, lastUsedAt }]
    })
    .toSorted((a, b) => (a.lastUsedAt < b.lastUsedAt ? -1 : 1))
}

/** Removes images that nothing uses, by age, until there is space enough. One sweep at a time. */
export class ImageCollector {
  readonly #tools: CollectorTools
  #sweep: Promise<unknown> = Promise.resolve()

  constructor(tools: CollectorTools) {
    this.#tools = tools
  }

  /** Returns true when something went. `neededBytes`: what is to be free afterwards. */
  async makeRoom(neededBytes = littleSpaceBytes, report?: (progress: Progress) => void): Promise<boolean> {
    const swept = this.#sweep.then(() => this.#makeRoom(neededBytes, report))
    this.#sweep = swept.catch(() => {})
    return swept
  }

  /** Looks at the disk again and again until it is disposed of. */
  watch(everyMs: number, onError: (error: unknown) => void): Disposable {
    const timer = setInterval(() => void this.makeRoom().catch(onError), everyMs)
    timer.unref()
    return { [Symbol.dispose]: () => clearInterval(timer) }
  }

  async #makeRoom(neededBytes: number, report?: (progress: Progress) => void): Promise<boolean> {
    const { db, cacheFolder, list, remove, removed, free = freeBytes } = this.#tools
    if ((await free(cacheFolder)) >= neededBytes) return false
    let isSomethingGone = false
    for (const image of await unusedImages(db, list())) {
      const [name = ''] = image.names
      report?.({ step: 'Making room', message: `Removing ${name} (${describeBytes(image.bytes)}), which nothing uses` })
      for (const each of image.names) await remove(each)
      removed(image)
      isSomethingGone = true
      if ((await free(cacheFolder)) >= neededBytes) break
    }
    return isSomethingGone
  }
}

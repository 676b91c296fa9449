import { type FileHandle, open } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

const everyBytes = 32 * 2 ** 20
const everyMs = 100

/**
 * Has a file written to the disk while it is still being filled, so that the sync at its end finds little left. A failure is told at the end, and it must be: the kernel
 * tells it once (fsync(2), "since Linux 4.13").
 */
export class EarlyWriteback {
  readonly #file: FileHandle
  #bytes = 0
  #underWay: Promise<void> | undefined
  #failure: { readonly error: unknown } | undefined

  constructor(file: FileHandle) {
    this.#file = file
  }

  /** So many bytes more were written into the file. */
  add(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes < everyBytes || this.#underWay) return
    this.#bytes = 0
    this.#underWay = this.#file
      .datasync()
      .catch((error) => {
        this.#failure ??= { error }
      })
      .finally(() => {
        this.#underWay = undefined
      })
  }

  /** Resolves when nothing uses the file any more. */
  async settled(): Promise<void> {
    await this.#underWay
  }

  /** Makes all of it durable. */
  async end(): Promise<void> {
    await this.#underWay
    if (this.#failure) throw this.#failure.error
    await this.#file.sync()
  }
}

/** The same for a file that somebody else fills, until `work` is done. It is not synced at the end. */
export async function writtenBackMeanwhile<T>(path: string, work: Promise<T>): Promise<T> {
  let isOver = false
  const over = work.then(
    () => {
      isOver = true
    },
    () => {
      isOver = true
    },
  )
  try {
    await using file = await open(path)
    while (!isOver) {
      await file.datasync()
      await Promise.race([over, delay(everyMs, undefined, { ref: false })])
    }
  } finally {
    await over
  }
  return work
}

import type { FileHandle } from 'node:fs/promises'
import type { HeldFolder } from '../../disk/held-folder.ts'

/**
 * A log in two files, `NAME` and `NAME.1`, written by `native/keep-log.c` without any server: the newest bytes of an endless output. The files are root's alone, and
 * the writer has them only as descriptors.
 */
export interface RingLog {
  readonly name: string
  /** Bound of both files together. */
  readonly mostBytes: number
}

const namesOf = (name: string) => [name, `${name}.1`] as const

/** Makes both files, empty; replaces what is there under their names. */
export async function makeRing(folder: HeldFolder, { name }: RingLog): Promise<[FileHandle, FileHandle]> {
  await removeRing(folder, name)
  const [one, other] = namesOf(name)
  const first = await folder.create(one, 0o600)
  try {
    return [first, await folder.create(other, 0o600)]
  } catch (error) {
    await first.close()
    throw error
  }
}

export async function removeRing(folder: HeldFolder, name: string): Promise<void> {
  for (const each of namesOf(name)) await folder.unlink(each)
}

/** Reads what is kept, oldest first; empty when there is no log. Throws `not_plain`. */
export async function readRing(folder: HeldFolder, { name, mostBytes }: RingLog): Promise<Buffer> {
  const halves = await Promise.all(namesOf(name).map((each) => readHalf(folder, each, mostBytes / 2)))
  const [one, other] = halves as [Half, Half]
  // The writer empties a file before it goes on in it, so of two files one is full at most, but for the moment before that.
  const isFirstOlder = one.isFull && other.isFull ? one.at <= other.at : one.isFull || !other.isFull
  return Buffer.concat(isFirstOlder ? [one.bytes, other.bytes] : [other.bytes, one.bytes])
}

interface Half {
  readonly bytes: Buffer
  readonly isFull: boolean
  /** When it was written last, in nanoseconds since 1970. */
  readonly at: bigint
}

const nothing: Half = { bytes: Buffer.alloc(0), isFull: false, at: 0n }

async function readHalf(folder: HeldFolder, name: string, mostBytes: number): Promise<Half> {
  const file = await folder.file(name, 'read').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
  if (!file) return nothing
  await using _ = file
  const { uid, size, mtimeNs } = await file.stat({ bigint: true })
  // What somebody else has put under the name is no log of ours.
  if (Number(uid) !== process.getuid?.()) return nothing
  const buffer = Buffer.alloc(Math.min(Number(size), mostBytes))
  // Logs of former versions may be longer.
  const { bytesRead } = await file.read(buffer, 0, buffer.length, Number(size) - buffer.length)
  return { bytes: buffer.subarray(0, bytesRead), isFull: bytesRead >= mostBytes, at: mtimeNs }
}

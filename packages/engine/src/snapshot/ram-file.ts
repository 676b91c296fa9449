import { randomBytes } from 'node:crypto'
import { chmod, chown, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { syncFolder, temporaryName } from '../disk/files.ts'
import { run } from '../process/run-process.ts'

export interface RamFile {
  readonly path: string
  /** Compressed by zstd. */
  readonly isPacked: boolean
}

export interface RamWork {
  readonly signal?: AbortSignal
  /** Somebody waits for it: it takes what it can get of the host, where it would else leave it to others. */
  readonly isUrgent?: boolean
  /** Bytes of the plain RAM that are done. */
  readonly onProgress?: (bytes: number) => void
}

/** The same RAM in another file, durable under its last name. */
export interface NewRamFile extends RamFile {
  /** Length. */
  readonly bytes: number
  /** Of the plain RAM: SHA-256, hex. */
  readonly digest: string
}

const program = fileURLToPath(new URL('./ram-program.ts', import.meta.url))
/** The slowest disk and the busiest host we bear: 10 MB/s. What leaves the host to others may get next to nothing of a busy one for long. */
const timeoutMs = (bytes: number, isUrgent: boolean) => (120_000 + bytes / 10_000) * (isUrgent ? 1 : 30)

/** SHA-256 of the plain RAM, hex. */
export async function digestRam({ path, isPacked }: RamFile, work: RamWork = {}): Promise<string> {
  return goThrough([isPacked ? 'digest-packed' : 'digest', path], await expectedBytes(path, isPacked), work)
}

export async function packRam(path: string, work: RamWork = {}): Promise<NewRamFile> {
  const { size } = await stat(path)
  return become(path, { path: `${path}.zst`, isPacked: true }, (to) => goThrough(['pack', path, to], size, work))
}

/** `ramBytes`: what must be in it. The new file has a name that none had before, so that a late unlink can only meet its own. */
export async function unpackRam(path: string, ramBytes: number, work: RamWork = {}): Promise<NewRamFile> {
  const [index = ''] = basename(path).split(/[.-]/)
  const to = join(dirname(path), `${index}-${randomBytes(4).toString('hex')}.ram`)
  return become(path, { path: to, isPacked: false }, (temporary) =>
    goThrough(['unpack', path, temporary, String(ramBytes)], ramBytes, work),
  )
}

/** Temporary name, fsync by the program, owner and mode of the file that it was made from, rename. Nothing is left of it when it fails. */
async function become(from: string, to: RamFile, make: (temporary: string) => Promise<string>): Promise<NewRamFile> {
  const temporary = temporaryName(to.path)
  try {
    const digest = await make(temporary)
    const { uid, gid, mode } = await stat(from)
    await chown(temporary, uid, gid)
    await chmod(temporary, mode)
    const { size } = await stat(temporary)
    await rename(temporary, to.path)
    await syncFolder(dirname(to.path))
    return { ...to, bytes: size, digest }
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

async function goThrough(
  words: readonly string[],
  bytes: number,
  { signal, isUrgent = false, onProgress }: RamWork,
): Promise<string> {
  const { stdout } = await run([process.execPath, '--disable-warning=ExperimentalWarning', program, ...words], {
    isBackground: !isUrgent,
    timeoutMs: timeoutMs(bytes, isUrgent),
    ...(signal ? { signal } : {}),
    onStderrLine(line) {
      const at = /^at (\d+)$/.exec(line)?.[1]
      if (at !== undefined) onProgress?.(Number(at))
    },
  })
  return stdout
}

/** RAM compresses at most so much that anybody would keep it. */
const mostRatio = 100
const expectedBytes = async (path: string, isPacked: boolean) => (await stat(path)).size * (isPacked ? mostRatio : 1)

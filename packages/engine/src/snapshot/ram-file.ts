import { randomBytes } from 'node:crypto'
import { rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { syncFolder, temporaryName } from '../disk/files.ts'
import { openPlain } from '../disk/held-folder.ts'
import { run } from '../process/run-process.ts'

export interface RamFile {
  readonly path: string
  /** Compressed by zstd. */
  readonly isPacked: boolean
}

export interface RamWork {
  readonly signal?: AbortSignal
  /** Somebody waits for the result, so the work runs at normal priority instead of in the idle class. */
  readonly isUrgent?: boolean
  /** Called with the bytes of plain RAM that are done. */
  readonly onProgress?: (bytes: number) => void
}

/** The same RAM in another file, durable under its last name. */
export interface NewRamFile extends RamFile {
  /** Length. */
  readonly bytes: number
  /** SHA-256 of the plain RAM, hex. */
  readonly digest: string
}

const program = fileURLToPath(new URL('./ram-program.ts', import.meta.url))
/** Timeout for the slowest supported host: 10 MB/s. Work in the idle class may get almost nothing of a busy host for long. */
const timeoutMs = (bytes: number, isUrgent: boolean) => (120_000 + bytes / 10_000) * (isUrgent ? 1 : 30)

/** SHA-256 of the plain RAM, hex. */
export async function digestRam({ path, isPacked }: RamFile, work: RamWork = {}): Promise<string> {
  return goThrough([isPacked ? 'digest-packed' : 'digest', path], await expectedBytes(path, isPacked), work)
}

export async function packRam(path: string, work: RamWork = {}): Promise<NewRamFile> {
  const { size } = await stat(path)
  return become(path, { path: `${path}.zst`, isPacked: true }, (to) => goThrough(['pack', path, to], size, work))
}

/** `ramBytes`: the expected length. The new file gets a name that was never used, so that a late unlink can only remove its own file. */
export async function unpackRam(path: string, ramBytes: number, work: RamWork = {}): Promise<NewRamFile> {
  const [index = ''] = basename(path).split(/[.-]/)
  const to = join(dirname(path), `${index}-${randomBytes(4).toString('hex')}.ram`)
  return become(path, { path: to, isPacked: false }, (temporary) =>
    goThrough(['unpack', path, temporary, String(ramBytes)], ramBytes, work),
  )
}

/** Writes under a temporary name (the program fsyncs), copies owner and mode of the source, then renames. On failure nothing is left. */
async function become(from: string, to: RamFile, make: (temporary: string) => Promise<string>): Promise<NewRamFile> {
  const temporary = temporaryName(to.path)
  try {
    const digest = await make(temporary)
    const { uid, gid, mode } = await stat(from)
    await using file = await openPlain(temporary, 'read')
    await file.chown(uid, gid)
    await file.chmod(mode)
    const { size } = await file.stat()
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

/** Highest compression ratio to expect of RAM; it bounds the time for a compressed file. */
const mostRatio = 100
const expectedBytes = async (path: string, isPacked: boolean) => (await stat(path)).size * (isPacked ? mostRatio : 1)

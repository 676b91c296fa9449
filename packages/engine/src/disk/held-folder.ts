import { type BigIntStats, constants } from 'node:fs'
import { type FileHandle, link, lstat, open, readdir, rename, rmdir, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { notPlain } from '@ramet/model/errors/errors.ts'

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = constants
/** Without O_NONBLOCK the open of a FIFO waits for its other end for ever (fifo(7)). It means nothing for regular files. */
const careful = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY

/** Of a regular file: how it is opened. `write` reads too, and never makes or cuts a file. */
export type FileAccess = 'read' | 'write'

/**
 * A folder held open. Each name is looked up in this very folder, whatever happens to the path meanwhile, and a link under the name is refused instead of followed. Node has no
 * openat(2), but `/proc/self/fd/N/NAME` is resolved by the kernel from the open descriptor N (proc(5)), so it is the same.
 *
 * A name is of one component. What was opened is judged by its descriptor (fstat), and owner, mode and length are changed by descriptor alone: what somebody puts
 * under the name afterwards does not matter.
 */
export class HeldFolder {
  /** For messages. */
  readonly path: string
  readonly #handle: FileHandle

  private constructor(path: string, handle: FileHandle) {
    this.path = path
    this.#handle = handle
  }

  /**
   * Opens a folder by its path. Its own name is not followed. Those before it are ours: they are in folders that only root may write to, but for links that
   * whoever runs the host has put above RAMET_HOME.
   */
  static async open(path: string): Promise<HeldFolder> {
    return new HeldFolder(path, await openFolder(path, path))
  }

  /** A folder in this one. */
  async folder(name: string): Promise<HeldFolder> {
    const path = join(this.path, name)
    return new HeldFolder(path, await openFolder(this.#at(name), path))
  }

  /** Opens a regular file. Throws `not_plain` for a link and anything else, and ENOENT. */
  async file(name: string, access: FileAccess): Promise<FileHandle> {
    const path = join(this.path, name)
    const handle = await open(this.#at(name), (access === 'read' ? O_RDONLY : O_RDWR) | careful).catch((error) => {
      throw refusal(error, path)
    })
    return requirePlain(handle, path)
  }

  /** Makes a file; EEXIST when there is anything under the name, a dangling link too. */
  async create(name: string, mode: number): Promise<FileHandle> {
    return open(this.#at(name), O_RDWR | O_CREAT | O_EXCL | careful, mode)
  }

  /** What is under the name itself, a link too. */
  async look(name: string): Promise<BigIntStats> {
    return lstat(this.#at(name), { bigint: true })
  }

  async names(): Promise<string[]> {
    return readdir(`/proc/self/fd/${this.#handle.fd}`)
  }

  async rename(from: string, to: string, into: HeldFolder = this): Promise<void> {
    await rename(this.#at(from), into.#at(to))
  }

  /** Gives what is under `name` a second name. link(2) does not follow a link: it would get the second name itself. */
  async link(name: string, into: HeldFolder, as: string): Promise<void> {
    await link(this.#at(name), into.#at(as))
  }

  /** Removes a name, if it is there; never a folder (EISDIR). */
  async unlink(name: string): Promise<void> {
    await unlink(this.#at(name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
  }

  async removeFolder(name: string): Promise<void> {
    await rmdir(this.#at(name))
  }

  async chown(uid: number, gid: number): Promise<void> {
    await this.#handle.chown(uid, gid)
  }

  async chmod(mode: number): Promise<void> {
    await this.#handle.chmod(mode)
  }

  /** Makes its entries durable. */
  async sync(): Promise<void> {
    await this.#handle.sync()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close()
  }

  #at(name: string): string {
    if (name === '' || name === '.' || name === '..' || name.includes('/')) throw new Error(`not a name in a folder: ${name}`)
    return `/proc/self/fd/${this.#handle.fd}/${name}`
  }
}

async function openFolder(where: string, path: string): Promise<FileHandle> {
  return open(where, O_RDONLY | O_DIRECTORY | O_NOFOLLOW).catch((error) => {
    throw refusal(error, path)
  })
}

/** Returns the handle of a regular file; closes that of anything else. */
async function requirePlain(handle: FileHandle, path: string): Promise<FileHandle> {
  const found = await handle.stat().catch(() => undefined)
  if (found?.isFile()) return handle
  await handle.close()
  throw notPlain(path)
}

/** ELOOP: a link. ENOTDIR: a link, or a file, in the place of a folder. ENXIO: a socket, or a FIFO without a reader. EISDIR: a folder, opened for writing. */
const refusals = new Set(['ELOOP', 'ENOTDIR', 'ENXIO', 'EISDIR'])
const refusal = (error: NodeJS.ErrnoException, path: string): Error =>
  refusals.has(error.code ?? '') ? notPlain(path, error) : error

/** Holds the folder of `path` open while `does` works with the name in it. */
export async function inFolderOf<T>(path: string, does: (folder: HeldFolder, name: string) => Promise<T>): Promise<T> {
  await using folder = await HeldFolder.open(dirname(path))
  return await does(folder, basename(path))
}

/** Opens a regular file without following a link. Throws `not_plain`, ENOENT. */
export const openPlain = (path: string, access: FileAccess): Promise<FileHandle> =>
  inFolderOf(path, (folder, name) => folder.file(name, access))

/** What is under the last name of a path itself. */
export const lookAt = (path: string): Promise<BigIntStats> => inFolderOf(path, (folder, name) => folder.look(name))

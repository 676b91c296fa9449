import { createHash, randomBytes } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { RametError } from '@ramet/model/errors/error.ts'
import { syncFolder, temporarySuffix, writeFileAtomically } from '../../disk/files.ts'
import { requireSpace } from '../../disk/space.ts'
import { ownerTag } from '../build/owner.ts'

/** Archives of folders with a Dockerfile, a file each by the digest of its content, and beside it what it is called. */
const kind = 'build-contexts'
export const mostContextBytes = 256 * 2 ** 20
/** An image must not fill the disk on which machines write. */
const leftFreeBytes = 2 ** 30

export interface BuildContext {
  /** Of the folder, for people. */
  readonly name: string
  /** Hex digits of sha256 of the archive. */
  readonly digest: string
  /** Further names of what is built from it. */
  readonly tags: readonly string[]
  readonly at: string
}

const archiveOf = (cacheFolder: string, digest: string) => join(cacheFolder, kind, `${digest}.tar`)
const recordOf = (cacheFolder: string, digest: string) => join(cacheFolder, kind, `${digest}.json`)

/** Path of the archive. */
export const contextArchive = archiveOf

/**
 * Stores a tar archive as it comes; the same content once. A tag that another one had is taken from it. Throws `context_too_large`, `no_space`. What is in
 * the archive is looked at when it is built.
 */
export async function storeContext(
  cacheFolder: string,
  { name, tag }: { readonly name: string; readonly tag?: string | undefined },
  content: AsyncIterable<Uint8Array>,
): Promise<BuildContext> {
  await mkdir(join(cacheFolder, kind), { recursive: true, mode: 0o700 })
  await requireSpace(cacheFolder, leftFreeBytes)
  const temporary = join(cacheFolder, kind, `new.${await ownerTag()}.${randomBytes(4).toString('hex')}${temporarySuffix}`)
  const hash = createHash('sha256')
  const file = await open(temporary, 'wx', 0o600)
  try {
    let bytes = 0
    for await (const chunk of content) {
      bytes += chunk.length
      if (bytes > mostContextBytes) throw contextTooLarge(name)
      hash.update(chunk)
      await file.writeFile(chunk)
    }
    await file.sync()
    const digest = hash.digest('hex')
    await rename(temporary, archiveOf(cacheFolder, digest))
    await syncFolder(join(cacheFolder, kind))
    const known = await listContexts(cacheFolder)
    for (const other of known.filter((each) => tag !== undefined && each.digest !== digest && each.tags.includes(tag)))
      await write(cacheFolder, { ...other, tags: other.tags.filter((each) => each !== tag) })
    const before = known.find((each) => each.digest === digest)
    const tags = [...new Set([...(before?.tags ?? []), ...(tag === undefined ? [] : [tag])])]
    const context = { name: before?.name ?? name, digest, tags, at: before?.at ?? new Date().toISOString() }
    await write(cacheFolder, context)
    return context
  } finally {
    await file.close()
    await rm(temporary, { force: true })
  }
}

export async function listContexts(cacheFolder: string): Promise<BuildContext[]> {
  const names = await readdir(join(cacheFolder, kind)).catch((): string[] => [])
  const found: BuildContext[] = []
  for (const name of names.filter((each) => each.endsWith('.json')).toSorted()) {
    const context = await readFile(join(cacheFolder, kind, name), 'utf8').then(JSON.parse, () => undefined)
    if (context) found.push(context as BuildContext)
  }
  return found
}

export async function removeContext(cacheFolder: string, digest: string): Promise<void> {
  await rm(recordOf(cacheFolder, digest), { force: true })
  await rm(archiveOf(cacheFolder, digest), { force: true })
}

const write = (cacheFolder: string, context: BuildContext) =>
  writeFileAtomically(recordOf(cacheFolder, context.digest), `${JSON.stringify(context)}\n`)

const contextTooLarge = (name: string) =>
  new RametError('context_too_large', 413, `The folder ${name} has more than ${mostContextBytes / 2 ** 20} MiB.`, {
    hint: 'Name what the build does not need in its .dockerignore.',
  })

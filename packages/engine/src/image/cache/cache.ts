import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { syncFolder, temporarySuffix } from '../../disk/files.ts'
import { asSpaceError } from '../../disk/space.ts'
import { run } from '../../process/run-process.ts'
import { ownerLives, ownerTag } from '../build/owner.ts'
import { type CachedArtefact, type Facts, readRecord, writeRecord } from './record.ts'

/**
 * Artefacts live in `<cacheFolder>/<kind>/<name>-<first 12 digits of the recipe's hash>[-<n>]`, each whole and immutable: built in a folder of the
 * same name plus `.<owner>.<random>.tmp`, synced, renamed. `-2`, `-3`… are rebuilds of the same recipe; the highest one counts.
 */
export interface ArtefactKey {
  readonly cacheFolder: string
  /** `image`, `kernel-pack`, `guest-tools`. */
  readonly kind: string
  readonly name: string
  /** Of `recipeHash`. */
  readonly recipeHash: string
}

export interface CacheOptions {
  readonly signal?: AbortSignal
  /** Build although there is an artefact of this recipe; it stays beside the new one. */
  readonly force?: boolean
  /** Called once when another process is building the same. */
  readonly onWait?: () => void
}

/** Fills an empty folder that is renamed into place afterwards; what it leaves in `scratch` is thrown away, whatever happens. */
export type Build = (folder: string, scratch: string) => Promise<Facts>

const pollMs = 300

/**
 * The artefact of this recipe: found, or built now. When another live process builds the same one, waits for it. A failed, cancelled or killed
 * build leaves nothing (after a kill: a `.tmp` folder that the next `cached` or `reclaim` removes).
 */
export async function cached(key: ArtefactKey, build: Build, options: CacheOptions = {}): Promise<CachedArtefact> {
  const { signal } = options
  const parent = parentOf(key)
  await mkdir(parent, { recursive: true })
  const before = (await findArtefact(key))?.folder
  let told = false
  for (;;) {
    signal?.throwIfAborted()
    const found = await findArtefact(key)
    // Forced: an artefact that appeared since the call is as new as was asked for.
    if (found && (!options.force || found.folder !== before)) return found
    await reclaim(key.cacheFolder)
    const temporary = (await buildersOf(key)).length === 0 ? await claim(key) : undefined
    if (temporary) return buildInto(temporary, key, build, options)
    if (!told) options.onWait?.()
    told = true
    await delay(pollMs, undefined, { signal })
  }
}

/** The newest whole artefact of this recipe. */
export async function findArtefact(key: ArtefactKey): Promise<CachedArtefact | undefined> {
  const numbered = (await versionsOf(key)).sort((a, b) => b.number - a.number)
  for (const { folder } of numbered) {
    const artefact = await readRecord(folder)
    if (artefact) return artefact
  }
  return undefined
}

/** Every whole artefact of that name, of whatever recipe, newest first. */
export async function listArtefacts(cacheFolder: string, kind: string, name: string): Promise<CachedArtefact[]> {
  const pattern = new RegExp(`^${RegExp.escape(name)}-[0-9a-f]{12}(-\\d+)?$`)
  const found: CachedArtefact[] = []
  for (const entry of await entriesOf(join(cacheFolder, kind))) {
    const artefact = pattern.test(entry) ? await readRecord(join(cacheFolder, kind, entry)) : undefined
    if (artefact) found.push(artefact)
  }
  return found.sort((a, b) => b.builtAt.getTime() - a.builtAt.getTime())
}

/** Takes one artefact out of the cache. The caller knows that no drive stands on it. */
export async function removeArtefact(folder: string): Promise<void> {
  // Renamed first: a kill in the middle must not leave half an artefact under its name.
  const doomed = `${folder}.${await ownerTag()}.${randomBytes(4).toString('hex')}${temporarySuffix}`
  await rename(folder, doomed)
  await removeFolder(doomed)
}

/** Removes what builds of ended processes left. */
export async function reclaim(cacheFolder: string): Promise<void> {
  for (const kind of await entriesOf(cacheFolder)) {
    for (const entry of await entriesOf(join(cacheFolder, kind))) {
      const owner = ownerOf(entry)
      if (owner !== undefined && !(await ownerLives(owner))) await removeFolder(join(cacheFolder, kind, entry))
    }
  }
}

async function buildInto(temporary: string, key: ArtefactKey, build: Build, options: CacheOptions): Promise<CachedArtefact> {
  const scratch = join(temporary, 'scratch')
  try {
    await mkdir(scratch)
    const facts = await build(temporary, scratch)
    await removeFolder(scratch)
    options.signal?.throwIfAborted()
    await writeRecord(temporary, {
      kind: key.kind,
      name: key.name,
      recipeHash: key.recipeHash,
      builtAt: new Date().toISOString(),
      facts,
    })
    const other = options.force ? undefined : await findArtefact(key)
    if (other) {
      await removeFolder(temporary)
      return other
    }
    const folder = await moveIntoPlace(temporary, key)
    const artefact = await readRecord(folder)
    if (!artefact) throw new Error(`${folder} is not what was written`)
    return artefact
  } catch (error) {
    await removeFolder(temporary)
    throw asSpaceError(error, key.cacheFolder)
  }
}

/** rename(2) onto a folder that is not empty fails, so that two builders never mix. */
async function moveIntoPlace(temporary: string, key: ArtefactKey): Promise<string> {
  for (;;) {
    const last = Math.max(0, ...(await versionsOf(key)).map(({ number }) => number))
    const folder = join(parentOf(key), last === 0 ? baseName(key) : `${baseName(key)}-${last + 1}`)
    try {
      await rename(temporary, folder)
      await syncFolder(parentOf(key))
      return folder
    } catch (error) {
      if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
  }
}

/**
 * Announces a build by its temporary folder. Of builders who began at the same moment and see each other the first in order of names goes on; when one of
 * them looked before the other began, both build, which costs time but no correctness.
 */
async function claim(key: ArtefactKey): Promise<string | undefined> {
  const name = `${baseName(key)}.${await ownerTag()}.${randomBytes(4).toString('hex')}${temporarySuffix}`
  const folder = join(parentOf(key), name)
  await mkdir(folder, { mode: 0o755 })
  const [first] = (await buildersOf(key)).sort()
  if (first === name) return folder
  await removeFolder(folder)
  return undefined
}

async function buildersOf(key: ArtefactKey): Promise<string[]> {
  const alive: string[] = []
  for (const entry of await entriesOf(parentOf(key))) {
    const owner = entry.startsWith(`${baseName(key)}.`) ? ownerOf(entry) : undefined
    if (owner !== undefined && (await ownerLives(owner))) alive.push(entry)
  }
  return alive
}

async function versionsOf(key: ArtefactKey): Promise<{ folder: string; number: number }[]> {
  const pattern = new RegExp(`^${RegExp.escape(baseName(key))}(?:-(\\d+))?$`)
  return (await entriesOf(parentOf(key))).flatMap((entry) => {
    const match = pattern.exec(entry)
    return match ? [{ folder: join(parentOf(key), entry), number: Number(match[1] ?? 1) }] : []
  })
}

const parentOf = (key: ArtefactKey) => join(key.cacheFolder, key.kind)
const baseName = (key: ArtefactKey) => `${key.name}-${key.recipeHash.slice(0, 12)}`
const ownerOf = (entry: string) => /\.(\d+-\d+)\.[0-9a-f]{8}\.tmp$/.exec(entry)?.[1]

async function entriesOf(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return []
    throw error
  }
}

/** Never crosses into another filesystem: a mount left in a half-built root must not be emptied. */
async function removeFolder(folder: string): Promise<void> {
  await run(['rm', '-rf', '--one-file-system', '--', folder], { timeoutMs: 10 * 60_000 })
}

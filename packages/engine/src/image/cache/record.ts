import { chmod, readdir, readFile, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { syncFile, syncFolder, writeFileAtomically } from '../../disk/files.ts'
import type { Artefact } from './artefact.ts'

/** What a build wants to remember besides its files. */
export type Facts = { readonly [key: string]: string | number | readonly string[] }

/** `artefact.json`, written last into a finished build. */
export interface ArtefactRecord {
  readonly kind: string
  readonly name: string
  readonly recipeHash: string
  readonly builtAt: string
  /** Paths within the folder, with their lengths in bytes. */
  readonly files: Readonly<Record<string, number>>
  readonly facts: Facts
}

export interface CachedArtefact extends Artefact {
  readonly facts: Facts
  readonly lastUsedAt: Date
}

const recordName = 'artefact.json'

/** Makes a build final: nothing writes its files again (mode 0444), all of it is on the disk, and the record says what belongs to it. */
export async function writeRecord(folder: string, record: Omit<ArtefactRecord, 'files'>): Promise<void> {
  const files: Record<string, number> = {}
  for (const path of await filesBelow(folder)) {
    const { size, mode } = await stat(join(folder, path))
    files[path] = size
    await chmod(join(folder, path), (mode & 0o111) === 0 ? 0o444 : 0o555)
    await syncFile(join(folder, path))
  }
  await writeFileAtomically(join(folder, recordName), `${JSON.stringify({ ...record, files }, null, 2)}\n`, 0o444)
  for (const each of await foldersBelow(folder)) await syncFolder(each)
}

/** Undefined when it is no whole artefact: without a record, or a file is missing or of another length. */
export async function readRecord(folder: string): Promise<CachedArtefact | undefined> {
  let record: ArtefactRecord
  let lastUsedAt: Date
  try {
    record = JSON.parse(await readFile(join(folder, recordName), 'utf8')) as ArtefactRecord
    lastUsedAt = (await stat(join(folder, recordName))).mtime
  } catch {
    return undefined
  }
  let bytes = 0
  for (const [path, size] of Object.entries(record.files)) {
    const found = await stat(join(folder, path)).catch(() => undefined)
    if (found?.size !== size) return undefined
    bytes += found.blocks * 512
  }
  return { folder, bytes, builtAt: new Date(record.builtAt), facts: record.facts, lastUsedAt }
}

/** Notes that it is used now: by the time of its record, so that all homes that share the cache know. */
export async function noteUse(folder: string, at = new Date()): Promise<void> {
  // It may be on a disk that cannot be written to.
  await utimes(join(folder, recordName), at, at).catch(() => {})
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort()
}

async function foldersBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return [...entries.filter((entry) => entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name)), folder]
}

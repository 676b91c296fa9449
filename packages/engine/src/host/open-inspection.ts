import { lstat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { checkQcow2 } from '../disk/check-qcow2.ts'
import { HeldFolder } from '../disk/held-folder.ts'
import { digestRam } from '../snapshot/ram-file.ts'
import type { FileSight, HomeInspection } from './home-inspection.ts'

/** Folders that are listed in full, and to which depth. */
const folders = ['layers', 'runs', 'snapshots'] as const
const depth = 3

/** Opens any home for inspection, whether a server runs on it or not; needs no host. */
export function openInspection(home: string): HomeInspection {
  return {
    async look(files) {
      const seen = new Map<string, FileSight>()
      await list(home, home, 0, seen)
      for (const folder of folders) await list(home, join(home, folder), depth, seen)
      for (const file of files) await see(home, join(home, file), seen)
      return seen
    },
    checkDrive: (file, sizeBytes) => checkQcow2(join(home, file), sizeBytes),
    digestRam: ({ file, isPacked }, work) => digestRam({ path: join(home, file), isPacked }, work),
  }
}

/** `levels`: how many levels of folders below are listed. */
async function list(home: string, folder: string, levels: number, into: Map<string, FileSight>): Promise<void> {
  for (const name of await namesIn(folder).catch(() => [])) {
    const found = await see(home, join(folder, name), into)
    if (found?.kind === 'folder' && levels > 0) await list(home, join(folder, name), levels - 1, into)
  }
}

async function namesIn(path: string): Promise<string[]> {
  await using folder = await HeldFolder.open(path)
  return await folder.names()
}

async function see(home: string, path: string, into: Map<string, FileSight>): Promise<FileSight | undefined> {
  const stat = await lstat(path, { bigint: true }).catch(() => undefined)
  if (!stat) return undefined
  const seen: FileSight = {
    kind: stat.isFile() ? 'file' : stat.isDirectory() ? 'folder' : 'other',
    mode: Number(stat.mode) & 0o7777,
    uid: Number(stat.uid),
    identity: `${stat.dev}:${stat.ino}`,
    sizeBytes: Number(stat.size),
    bytes: Number(stat.blocks) * 512,
    modifiedAt: String(stat.mtimeNs),
  }
  into.set(relative(home, path), seen)
  return seen
}

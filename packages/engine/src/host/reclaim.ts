import { readdir } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'
import type { RametError } from '@ramet/model/errors/error.ts'
import { temporarySuffix } from '../disk/files.ts'
import { lookAt } from '../disk/held-folder.ts'
import { removeTree } from '../disk/remove-tree.ts'
import { takeFolder } from '../disk/take-folder.ts'
import { type HostParts, hostName } from '../run/host-parts.ts'
import { namesFolder, overlaysFolder, runFolder, runsFolder } from '../run/run-folder.ts'
import { snapshotFolder, snapshotsFolder } from '../snapshot/snapshot-folder.ts'
import type { Known, Reclaimed } from './known.ts'

type Parts = Pick<HostParts, 'home' | 'installation' | 'resolvers' | 'cgroups' | 'networks' | 'layers' | 'uids'>

/**
 * Removes leftovers of a crash: host objects with the name of this installation and files below the home that no row accounts for. Nothing else is touched.
 * An interrupted seal loses nothing: the overlay still has its own name for the same file when the layer's name is unlinked.
 */
export async function reclaim(parts: Parts, known: Known): Promise<Reclaimed[]> {
  const objects = await hostObjects(parts, known)
  return [...objects, ...(await reclaimFiles(parts, known, await parts.uids.holders()))]
}

/** Removes the files only. `uids`: users of runs that are on. */
export async function reclaimFiles(
  parts: Pick<HostParts, 'home' | 'layers'>,
  known: Known,
  uids: ReadonlyMap<string, number> = new Map(),
): Promise<Reclaimed[]> {
  return [
    ...(await runFolders(parts, known)),
    ...(await snapshotFiles(parts, known)),
    ...(await layerFiles(parts, known)),
    ...(await overlayFiles(parts, known, uids)),
  ]
}

async function hostObjects(
  { home, installation, resolvers, cgroups, networks, uids }: Parts,
  { runs }: Known,
): Promise<Reclaimed[]> {
  const reclaimed: Reclaimed[] = []
  const names = new Set(runs.map(({ shortId }) => hostName(installation, shortId)))
  const ids = new Set(runs.map(({ id }) => id))
  const folders = new Set(runs.map(({ id }) => namesFolder(home, id)))
  for (const folder of await resolvers.list(runsFolder(home))) {
    if (folders.has(folder)) continue
    await resolvers.end(folder)
    reclaimed.push({ what: 'resolver', name: relative(home, folder) })
  }
  for (const name of await cgroups.list(installation)) {
    if (names.has(name)) continue
    await cgroups.remove(name)
    reclaimed.push({ what: 'control groups', name })
  }
  for (const name of await networks.list(installation)) {
    if (names.has(name)) continue
    await networks.remove(name)
    reclaimed.push({ what: 'network', name })
  }
  for (const runId of await networks.leases(installation)) {
    if (ids.has(runId)) continue
    await networks.release(installation, runId)
    reclaimed.push({ what: 'addresses', name: runId })
  }
  for (const runId of (await uids.holders()).keys()) {
    if (ids.has(runId)) continue
    await uids.release(runId)
    reclaimed.push({ what: 'user', name: runId })
  }
  return reclaimed
}

async function runFolders({ home }: Pick<Parts, 'home'>, { runs }: Known): Promise<Reclaimed[]> {
  const ids = new Set(runs.map(({ id }) => id))
  const strays = (await entries(runsFolder(home))).filter((name) => !ids.has(name))
  return Promise.all(strays.map((name) => remove(home, runFolder(home, name), 'run folder')))
}

/** Removes snapshots whose taking or removal was interrupted, and leftover files of compressed or unpacked memory. */
async function snapshotFiles({ home }: Pick<Parts, 'home'>, { snapshots }: Known): Promise<Reclaimed[]> {
  const reclaimed: Reclaimed[] = []
  const known = new Map(snapshots.map(({ id, files }) => [id, new Set(files)]))
  for (const id of await entries(snapshotsFolder(home))) {
    const folder = snapshotFolder(home, id)
    const files = known.get(id)
    if (!files) reclaimed.push(await remove(home, folder, 'snapshot file'))
    else
      for (const name of await entries(folder))
        if (!files.has(relative(home, join(folder, name))))
          reclaimed.push(await remove(home, join(folder, name), 'snapshot file'))
  }
  return reclaimed
}

async function layerFiles({ home }: Pick<Parts, 'home'>, { layers }: Known): Promise<Reclaimed[]> {
  const sealed = new Set(layers.filter(({ isSealed }) => isSealed).map(({ file }) => basename(file)))
  const strays = (await entries(join(home, 'layers'))).filter((name) => !sealed.has(name) || name.endsWith(temporarySuffix))
  return Promise.all(strays.map((name) => remove(home, join(home, 'layers', name), 'layer file')))
}

/**
 * Makes overlays writable again, since an interrupted seal may have made them read-only; a VM that has one open notices nothing. Those of runs that are off belong
 * to root, whoever had them when the host went down. Other files are removed.
 */
async function overlayFiles(
  { home, layers: store }: Pick<Parts, 'home' | 'layers'>,
  { runs, layers }: Known,
  uids: ReadonlyMap<string, number>,
): Promise<Reclaimed[]> {
  const reclaimed: Reclaimed[] = []
  const sealed = new Set<string>()
  for (const { file, isSealed } of layers) {
    const identity = isSealed ? await identify(join(home, file)) : undefined
    if (identity !== undefined) sealed.add(identity)
  }
  for (const { id, overlays, isOn } of runs) {
    const folder = overlaysFolder(home, id)
    if (!isOn) await takeFolders(home, id)
    const uid = uids.get(id)
    for (const name of await entries(folder)) {
      const path = join(folder, name)
      if (overlays.includes(name)) {
        if (!isOn || uid !== undefined) await store.makeWritable(path, isOn ? uid : undefined).catch(unlessNotPlain)
      } else if (!isOn || sealed.has((await identify(path)) ?? '')) reclaimed.push(await remove(home, path, 'overlay'))
    }
  }
  return reclaimed
}

/** Folders of former versions, in which VMs worked themselves. */
async function takeFolders(home: string, runId: string): Promise<void> {
  const machines = join(runFolder(home, runId), 'machines')
  const each = (await entries(machines)).map((name) => join(machines, name))
  for (const folder of [overlaysFolder(home, runId), ...each]) await takeFolder(folder)
}

/** The start of that run says what is wrong, and the server starts without it. */
const unlessNotPlain = (error: RametError) => {
  if (error.code !== 'not_plain') throw error
}

const entries = (folder: string) => readdir(folder).catch((): string[] => [])

async function remove(home: string, path: string, what: Reclaimed['what']): Promise<Reclaimed> {
  await removeTree(path)
  return { what, name: relative(home, path) }
}

async function identify(path: string): Promise<string | undefined> {
  const found = await lookAt(path).catch(() => undefined)
  return found && `${found.dev}:${found.ino}`
}

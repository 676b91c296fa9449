import { chmod, copyFile, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { RegistryAuth } from '@ramet/model/manifest/registry-auth.ts'
import { requireSpace } from '../../disk/space.ts'
import type { BuildOptions, RootImage } from '../cache/artefact.ts'
import { cached } from '../cache/cache.ts'
import type { CachedArtefact } from '../cache/record.ts'
import { buildGoPrograms, type GoPrograms, goProgramsRecipe, within } from '../go/go-programs.ts'
import { recipeHash } from '../recipes/recipe.ts'
import { runBuild } from './build-process.ts'
import { buildDebianRoot, type DebianRoot } from './debian-root.ts'
import { makeExt4 } from './ext4.ts'

export const diskName = 'root.qcow2'
/** Changed by hand whenever the steps below or in `debian-root.ts` make something else of the same data. */
const revision = '1'
/** A root folder and its raw file stand side by side for a moment; measured 0.6 GiB for 230 MB of content. */
const peakBytes = 2 ** 30
/** Of an image with programs, the share of the time that they take. */
const compilingPercent = 90

export interface RootImageRecipe {
  readonly name: string
  readonly root: DebianRoot
  /** Virtual size: all that a drive may not be smaller than. Sparse, so what is empty costs nothing. */
  readonly sizeMiB: number
  /** Compiled from source, into /usr/local/bin. */
  readonly programs?: readonly GoPrograms[]
}

/** Identity of an image's recipe. */
export async function rootImageHash({ name, root, sizeMiB, programs }: RootImageRecipe): Promise<string> {
  const compiled = programs && { programs: Object.fromEntries(await Promise.all(programs.map(named))) }
  return recipeHash({ revision, name, root: { ...root, files: { ...root.files } }, sizeMiB: `${sizeMiB}`, ...compiled })
}

const named = async (programs: GoPrograms) => [programs.name, await goProgramsRecipe(programs)] as const

export interface ForcedBuild extends BuildOptions {
  /** Build although the cache has it. */
  readonly force?: boolean
  /** For what comes from a registry: the login of the playground that wants it. */
  readonly registryAuth?: RegistryAuth | undefined
}

/** A root drive's image from Debian packages, from the cache when its recipe was built before. About half a minute on two cores. */
export async function buildRootImage(recipe: RootImageRecipe, options: ForcedBuild): Promise<RootImage> {
  const { cacheFolder, signal } = options
  const { programs } = recipe
  const report = programs ? within(options.report, compilingPercent, 100) : options.report
  const key = { cacheFolder, kind: 'image', name: recipe.name, recipeHash: await rootImageHash(recipe) }
  const build = async (folder: string, scratch: string) => {
    const sizeBytes = recipe.sizeMiB * 2 ** 20
    const compiled = await compile(programs ?? [], { ...options, report: within(options.report, 0, compilingPercent) })
    await requireSpace(cacheFolder, peakBytes + 3 * compiled.reduce((sum, { bytes }) => sum + bytes, 0))
    const root = join(scratch, 'root')
    await buildDebianRoot(recipe.root, { folder: root, scratch, report, signal })
    for (const { folder: from } of compiled) await addPrograms(from, join(root, 'usr/local/bin'))
    report({ step: 'Making the filesystem', message: 'Making the filesystem', percent: 92 })
    const raw = join(scratch, 'root.raw')
    await makeExt4({ from: root, file: raw, sizeBytes, label: 'root', journalMiB: 64, signal })
    await rm(root, { recursive: true })
    report({ step: 'Checking the filesystem', message: 'Checking the filesystem', percent: 96 })
    await runBuild(['e2fsck', '-fn', raw], { signal })
    report({ step: 'Packing the image', message: 'Packing the image', percent: 98 })
    const packed = join(scratch, diskName)
    await runBuild(['qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', raw, packed], { signal })
    await rename(packed, join(folder, diskName))
    return { sizeBytes, suite: recipe.root.suite }
  }
  const onWait = () => report({ step: 'Waiting', message: `Another process is building ${recipe.name}` })
  return toRootImage(await cached(key, build, { signal, force: options.force ?? false, onWait }))
}

async function compile(all: readonly GoPrograms[], options: BuildOptions): Promise<CachedArtefact[]> {
  const packages = all.reduce((sum, one) => sum + one.packages, 0)
  const made: CachedArtefact[] = []
  let before = 0
  for (const one of all) {
    const report = within(options.report, (100 * before) / packages, (100 * (before + one.packages)) / packages)
    made.push(await buildGoPrograms(one, { ...options, report }))
    before += one.packages
  }
  return made
}

/** Not what else is in a folder of the cache. */
async function addPrograms(from: string, into: string): Promise<void> {
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const file = join(from, entry.name)
    if (!entry.isFile() || ((await stat(file)).mode & 0o111) === 0) continue
    await copyFile(file, join(into, entry.name))
    await chmod(join(into, entry.name), 0o755)
  }
}

export function toRootImage(artefact: CachedArtefact): RootImage {
  const { folder, bytes, builtAt, facts } = artefact
  return { folder, bytes, builtAt, disk: join(folder, diskName), sizeBytes: Number(facts.sizeBytes) }
}

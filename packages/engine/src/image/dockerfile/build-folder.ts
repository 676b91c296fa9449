import { constants } from 'node:fs'
import { access, mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { RametError } from '@ramet/model/errors/error.ts'
import { imageBuildFailed, missingProgram } from '@ramet/model/errors/errors.ts'
import { parseImageReference, printImageReference } from '@ramet/model/units/image-reference.ts'
import { findProgram } from '../../process/find-program.ts'
import { ProcessFailed } from '../../process/run-process.ts'
import { runBuild } from '../build/build-process.ts'
import type { ForcedBuild } from '../build/root-image.ts'
import type { RootImage } from '../cache/artefact.ts'
import { type ArtefactKey, cached } from '../cache/cache.ts'
import { convertImage } from '../oci/convert-image.ts'
import { imageRefused } from '../oci/image-refused.ts'
import { layerLimits } from '../oci/layers/limits.ts'
import { unpackLayers } from '../oci/layers/unpack.ts'
import type { RegistryOptions } from '../oci/registry/registry.ts'
import { toRegistryImage } from '../oci/registry-image.ts'
import { recipeHash } from '../recipes/recipe.ts'
import { baseImages } from './base-images.ts'
import { layBase } from './base-layout.ts'
import { boxUsers, buildInBox, prepareBox } from './box-program.ts'
import { readLayout } from './built-layout.ts'
import { contextArchive } from './context-store.ts'
import { lastLines } from './last-lines.ts'

export const builtImageKind = 'built-image'
/** Changed by hand whenever the steps below make something else of the same folder. */
const revision = '1'

/** Where the image of a folder with this content is in the cache. */
export const builtImageKey = (cacheFolder: string, digest: string): ArtefactKey => ({
  cacheFolder,
  kind: builtImageKind,
  name: digest.slice(0, 32),
  recipeHash: recipeHash({ revision, digest }),
})

export interface FolderBuild extends ForcedBuild {
  readonly registry?: RegistryOptions | undefined
  readonly hasNetwork: boolean
}

const mostDockerfileBytes = 2 ** 20
const contextLimits = { ...layerLimits, entries: 100_000, unpackedBytes: 2 * 2 ** 30 }

/**
 * The image of a folder with a Dockerfile, by what `contextArchive` has of that digest; from the cache when it was built before. `name`: as errors call it. Throws
 * `image_build_failed` with the build's last lines, `image_refused`, `missing_program` and what registries do.
 */
export async function buildFolder(name: string, digest: string, options: FolderBuild): Promise<RootImage> {
  const { cacheFolder, report, signal, force = false } = options
  const build = async (folder: string, scratch: string) => {
    if ((await findProgram('buildah')) === undefined) throw missingProgram('buildah', 'buildah')
    const box = join(scratch, 'box')
    const inBox = join(box, 'build')
    // Closed to everybody else: a set-id program of an image must not be within reach of the users of this host.
    await mkdir(box, { mode: 0o700 })
    await prepareBox(box)
    report({ step: 'Unpacking the folder', message: `Unpacking the folder of ${name}`, percent: 0 })
    const dockerfile = await unpackContext(name, digest, cacheFolder, join(inBox, 'context'), signal)
    const bases = baseImages(dockerfile)
    for (const [at, base] of bases.entries()) {
      const toldBase: typeof report = (progress) =>
        report({ ...progress, percent: 40 * ((at + (progress.percent ?? 0) / 100) / bases.length) })
      await layBase(base, join(inBox, 'bases', `${at + 1}`), { ...options, report: toldBase })
    }
    await runBuild(['chown', '--no-dereference', '--recursive', `${boxUsers.first}:${boxUsers.first}`, join(inBox, 'context')], {
      signal,
    })
    await runBuild(['chown', '--no-dereference', `${boxUsers.first}:${boxUsers.first}`, inBox], { signal })
    const lines = lastLines()
    report({ step: 'Building', message: `Building ${name}`, percent: 40 })
    try {
      const onLine = (line: string) => {
        lines.add(line)
        const [, step, of] = /^STEP (\d+)\/(\d+): /.exec(line) ?? []
        if (step !== undefined)
          report({
            step: 'Building',
            message: `Building ${name}: ${line.slice(0, 200)}`,
            percent: 40 + 40 * (Number(step) / Number(of)),
          })
      }
      await buildInBox(bases.map(nameInBox), { folder: box, hasNetwork: options.hasNetwork, onLine, signal })
    } catch (error) {
      signal?.throwIfAborted()
      throw error instanceof ProcessFailed ? imageBuildFailed(name, lines.toString()) : error
    }
    const image = await readLayout(join(inBox, 'out'), name)
    const disk = join(folder, 'root.qcow2')
    const own = join(scratch, 'convert')
    await mkdir(own)
    const { sizeBytes, init, shell } = await convertImage(image, { cacheFolder, scratch: own, disk, of: name, report, signal })
    const { diffIds: _, ...said } = image.config
    const layers = { layers: image.layers.map((layer) => layer.digest), layerBytes: image.layers.map(({ bytes }) => `${bytes}`) }
    return {
      digest: image.digest,
      sizeBytes,
      ...layers,
      ...said,
      ...(init === undefined ? {} : { init }),
      ...(shell === undefined ? {} : { shell }),
    }
  }
  const onWait = () => report({ step: 'Waiting', message: `Another process is building ${name}` })
  return toRegistryImage(await cached(builtImageKey(cacheFolder, digest), build, { signal, force, onWait }))
}

/** Returns the Dockerfile. */
async function unpackContext(
  name: string,
  digest: string,
  cacheFolder: string,
  folder: string,
  signal?: AbortSignal,
): Promise<string> {
  await mkdir(folder)
  const file = contextArchive(cacheFolder, digest)
  if (
    await access(file).then(
      () => false,
      () => true,
    )
  )
    throw new RametError('context_gone', 404, `The folder of ${name} is not here any more.`, {
      hint: 'Send it again: ramet image build FOLDER',
    })
  const id = `sha256:${digest}`
  try {
    await unpackLayers({ cacheFolder, layers: [{ file, digest: id, diffId: id }], folder, limits: contextLimits, signal })
  } catch (error) {
    if ((error as RametError).code !== 'image_refused') throw error
    throw imageRefused(`The folder of ${name} cannot be used. ${(error as RametError).message}`)
  }
  for (const each of ['Containerfile', 'Dockerfile']) {
    const text = await readPlain(join(folder, each))
    if (text !== undefined) return text
  }
  throw imageRefused(`The folder of ${name} has no Dockerfile.`)
}

/** A link in it may lead anywhere, so none is followed. */
async function readPlain(path: string): Promise<string | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(() => undefined)
  if (!file) return undefined
  try {
    const found = await file.stat()
    return found.isFile() && found.size <= mostDockerfileBytes ? await file.readFile('utf8') : undefined
  } finally {
    await file.close()
  }
}

/** A name as buildah looks for it: short ones are of Docker Hub. One with a digest is found as it is written. */
function nameInBox(written: string): string {
  const reference = parseImageReference(written)
  return 'wrong' in reference || reference.digest !== undefined ? written : printImageReference(reference).slice('oci://'.length)
}

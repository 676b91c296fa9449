import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { imageBuildFailed } from '@ramet/model/errors/errors.ts'
import type { ForcedBuild } from '../../image/build/root-image.ts'
import { cached } from '../../image/cache/cache.ts'
import type { CachedArtefact } from '../../image/cache/record.ts'
import { ImageLibrary } from '../../image/library.ts'
import { type ImageNames, namedEntries, publicImages } from '../../image/oci/named-images.ts'
import { catalog } from '../../image/recipes/catalog.ts'
import type { CatalogEntry } from '../../image/recipes/catalog-entry.ts'

const steps = ['Downloading', 'Unpacking', 'Making the filesystem', 'Checking', 'Packing']
const stepMs = 100
const imageBytes = 2 ** 30

/** The library of the fake world: the real one, with builds that take half a second and write a few words. `broken` fails, `costly` is built on request alone. */
export function openFakeImages(cacheFolder: string, names: ImageNames = {}): Promise<ImageLibrary> {
  const images = [...catalog.filter(({ kind }) => kind === 'image').map(({ name }) => name), ...Object.keys(publicImages)]
  const entries = [
    entry('kernel-6.1', 'kernel-pack', 'A pretend kernel', toPack, ['kernel', 'initramfs', 'modules']),
    ...images
      .filter((name) => !Object.hasOwn(names, name))
      .map((name) => entry(name, 'image', `A pretend ${name}`, toImage, ['root.qcow2'])),
    {
      ...entry('costly', 'image', 'A pretend image that no start builds', toImage, ['root.qcow2']),
      costs: 'It takes half a second.',
    },
    entry('broken', 'image', 'A pretend image whose build fails', toImage, []),
  ]
  return ImageLibrary.open(cacheFolder, [...entries, ...namedEntries(cacheFolder, names, entries)])
}

function entry(
  name: string,
  kind: CatalogEntry['kind'],
  description: string,
  open: CatalogEntry['open'],
  files: readonly string[],
): CatalogEntry {
  const recipeHash = createHash('sha256').update(`fake ${name}`).digest('hex')
  return {
    name,
    aliases: [],
    kind,
    description,
    hash: async () => recipeHash,
    open,
    async build({ cacheFolder, report, signal, force }: ForcedBuild) {
      const build = async (folder: string) => {
        for (const [at, step] of steps.entries()) {
          report({ step, message: step, percent: Math.round((at * 100) / steps.length) })
          await delay(stepMs, undefined, { signal })
          if (name === 'broken' && at === 2) throw imageBuildFailed(name, 'it is made to fail.')
        }
        for (const file of files) await writeFile(join(folder, file), `pretend ${file} of ${name}\n`)
        return {}
      }
      return open(await cached({ cacheFolder, kind, name, recipeHash }, build, { signal, force: force ?? false }))
    },
  }
}

const toPack = ({ folder, bytes, builtAt }: CachedArtefact) => ({
  folder,
  bytes,
  builtAt,
  release: '6.1.0-fake',
  kernel: join(folder, 'kernel'),
  initramfs: join(folder, 'initramfs'),
  modules: join(folder, 'modules'),
})

const toImage = ({ folder, bytes, builtAt }: CachedArtefact) => ({
  folder,
  bytes,
  builtAt,
  disk: join(folder, 'root.qcow2'),
  sizeBytes: imageBytes,
})

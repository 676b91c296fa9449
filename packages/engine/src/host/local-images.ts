import { basename, join } from 'node:path'
import type { Image } from '@ramet/model/api/host.ts'
import { notFound } from '@ramet/model/errors/errors.ts'
import type { SealedFile } from '../disk/layer-store.ts'
import type { RootImage } from '../image/cache/artefact.ts'
import type { ImageLibrary } from '../image/library.ts'
import { reachesRegistry } from '../image/oci/registry/reach.ts'
import { kernelPackName } from '../image/recipes/kernel-pack.ts'
import type { HostImages } from './host-images.ts'

/** Serves images from the library. `importFile` makes `to` a sealed layer with the content of `from`, an image's disk. Paths are absolute. */
export function localImages(
  home: string,
  library: ImageLibrary,
  importFile: (from: string, to: string) => Promise<SealedFile>,
): HostImages {
  /** Disks of the builds that `require` returned. */
  const disks = new Map<string, string>()
  return {
    list: (): Image[] => library.list(),
    async require(name, options = {}) {
      const { folder, disk, sizeBytes, cannotBoot }: RootImage = await library.requireImage(name, options)
      const build = basename(folder)
      disks.set(`${name} ${build}`, disk)
      return { build, sizeBytes, cannotBoot }
    },
    pin: (name, signal, registryAuth) => library.pin(name, signal, registryAuth),
    inspect: (name) => library.inspect(name),
    awaitedFrom: (name) => library.awaitedFrom(name),
    whyNoStart: (name) => library.whyNoStart(name),
    reaches: reachesRegistry,
    async requireKernelPack(options = {}) {
      await library.requireKernelPack(options)
    },
    hasKernelPack: () => library.list().some(({ name, state }) => name === kernelPackName && state === 'ready'),
    async importLayer(name, { build }, file) {
      const disk = disks.get(`${name} ${build}`)
      if (disk === undefined) throw notFound('image', `${name} (build ${build})`)
      return importFile(disk, join(home, file))
    },
    addFolder: (names, content) => library.addFolder(names, content),
    async build(name) {
      await library.build(name)
    },
    remove: (name) => library.remove(name),
    onChange: (listener) => library.onChange(listener),
  }
}

import { copyFile, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { RametError } from '@ramet/model/errors/error.ts'
import { requireSpace } from '../../disk/space.ts'
import { openApt } from '../build/apt.ts'
import { runBuild } from '../build/build-process.ts'
import { makeExt4 } from '../build/ext4.ts'
import { guestRecipe, makeInitramfs } from '../build/guest-parts.ts'
import type { ForcedBuild } from '../build/root-image.ts'
import { bootableKernel } from '../build/vmlinux.ts'
import type { KernelPack } from '../cache/artefact.ts'
import { cached } from '../cache/cache.ts'
import type { CachedArtefact } from '../cache/record.ts'
import { recipeHash } from './recipe.ts'

export const kernelPackName = 'kernel-6.1'

const suite = 'bookworm'
/** Depends on the newest kernel of its kind, by exact name. */
const metaPackages: Partial<Record<NodeJS.Architecture, string>> = {
  x64: 'linux-image-cloud-amd64',
  arm64: 'linux-image-cloud-arm64',
}
/** Changed by hand whenever the steps below make something else of the same inputs. */
const revision = '1'
/** Unpacked package, modules drive, kernel: measured 330 MB. */
const peakBytes = 512 * 2 ** 20

/** Any constant: with it the same modules give the same bytes. */
const modulesUuid = '2f1f7a50-5a1e-4b6c-9d6e-6b65726e656c'

const names = { kernel: 'kernel', initramfs: 'initramfs', modules: 'modules.ext4' }

/** Identity of the recipe: not the kernel's version, which is the newest at the time of the build. */
export async function kernelPackHash(): Promise<string> {
  return recipeHash({ revision, suite, metaPackage: metaPackage(), guest: await guestRecipe() })
}

/** Everything needed to boot any root drive, from the cache when this recipe was built before. Nothing is installed on the host. */
export async function buildKernelPack(options: ForcedBuild): Promise<KernelPack> {
  const { cacheFolder, report, signal } = options
  const step = (name: string, percent: number) => report({ step: name, message: name, percent })
  const build = async (folder: string, scratch: string) => {
    await requireSpace(cacheFolder, peakBytes)
    step('Finding the newest kernel', 2)
    const apt = await openApt({ folder: join(scratch, 'apt'), suites: [suite], signal })
    const packageName = kernelPackage((await apt.resolve(metaPackage())).depends)
    const { version } = await apt.resolve(packageName)
    step(`Fetching ${packageName}`, 10)
    const [deb = ''] = await apt.download([packageName], scratch)
    step('Unpacking the kernel', 25)
    const root = join(scratch, 'root')
    await runBuild(['dpkg-deb', '-x', deb, root], { signal })
    const [release = ''] = await readdir(join(root, 'lib/modules'))
    await runBuild(['depmod', '-b', root, release], { signal })
    const unpacked = join(scratch, names.kernel)
    const form = await bootableKernel(join(root, `boot/vmlinuz-${release}`), unpacked, signal)
    await copyFile(unpacked, join(folder, names.kernel))
    step('Making the modules drive', 35)
    await makeModulesDrive(join(root, 'lib/modules'), join(folder, names.modules), signal)
    step('Making the boot environment', 45)
    await makeInitramfs({
      cacheFolder,
      kernelRoot: root,
      release,
      file: join(folder, names.initramfs),
      report: ({ step, message, percent }) => report({ step, message, percent: percent && 45 + Math.round(percent * 0.5) }),
      signal,
    })
    step('Finishing', 96)
    return { release, form, package: packageName, version }
  }
  const key = { cacheFolder, kind: 'kernel-pack', name: kernelPackName, recipeHash: await kernelPackHash() }
  const onWait = () => report({ step: 'Waiting', message: `Another process is building ${kernelPackName}` })
  return toKernelPack(await cached(key, build, { signal, force: options.force ?? false, onWait }))
}

export function toKernelPack({ folder, bytes, builtAt, facts }: CachedArtefact): KernelPack {
  return {
    folder,
    bytes,
    builtAt,
    release: String(facts.release),
    kernel: join(folder, names.kernel),
    initramfs: join(folder, names.initramfs),
    modules: join(folder, names.modules),
  }
}

/** `linux-image-6.1.0-41-cloud-amd64 (= 6.1.158-1)` of the meta package's Depends. */
export function kernelPackage(depends: string): string {
  const name = /^\s*(linux-image-\d[^\s,]*)/.exec(depends.split(',').find((each) => each.includes('linux-image-')) ?? '')?.[1]
  if (name === undefined) throw new RametError('package_not_found', 503, `The newest kernel is not named in: ${depends}`)
  return name
}

/**
 * Raw ext4, which Debian's kernel mounts without a module: 87 MB, made in 0.4 s. squashfs would be 20 MB, but takes 5 s to make, a module more at boot,
 * and unpacking at each load of a module.
 */
async function makeModulesDrive(from: string, file: string, signal?: AbortSignal): Promise<void> {
  const entries = await readdir(from, { recursive: true, withFileTypes: true })
  let bytes = 0
  for (const entry of entries) bytes += Math.ceil((await stat(join(entry.parentPath, entry.name))).size / 4096) * 4096
  const sizeBytes = Math.ceil((bytes * 1.1) / 2 ** 20 + 8) * 2 ** 20
  await rm(file, { force: true })
  await makeExt4({ from, file, sizeBytes, label: 'modules', journalMiB: 0, uuid: modulesUuid, signal })
}

function metaPackage(): string {
  const name = metaPackages[process.arch]
  if (name === undefined) throw new RametError('unknown_architecture', 503, `There is no kernel for ${process.arch} processors.`)
  return name
}

import { writeFileAtomically } from '../../disk/files.ts'
import { buildGuestTools, guestToolsRecipe } from '../../guest/agent/build-guest-tools.ts'
import { makeInitramfs as assemble, initramfsRecipe } from '../../guest/boot/build-initramfs.ts'
import type { ReportProgress } from '../cache/artefact.ts'
import { cached } from '../cache/cache.ts'
import { type Recipe, recipeHash } from '../recipes/recipe.ts'

/** What the kernel pack asks of the guest's side: an initramfs with the modules of this kernel and the platform's tools. */
export interface InitramfsRequest {
  /** For artefacts of its own (`cached`, kind `guest-tools`). */
  readonly cacheFolder: string
  /** Holds lib/modules/<release>, with depmod's files. */
  readonly kernelRoot: string
  readonly release: string
  /** To be written. */
  readonly file: string
  readonly report: ReportProgress
  readonly signal?: AbortSignal | undefined
}

/** Everything of the guest's side that decides what the initramfs holds. */
export async function guestRecipe(): Promise<Recipe> {
  return { tools: await guestToolsRecipe(), initramfs: await initramfsRecipe() }
}

/** The tools are an artefact of their own, since they change less often than kernels do. */
export async function makeInitramfs({ cacheFolder, kernelRoot, release, file, report, signal }: InitramfsRequest): Promise<void> {
  const key = { cacheFolder, kind: 'guest-tools', name: 'guest-tools', recipeHash: recipeHash(await guestToolsRecipe()) }
  const tools = await cached(
    key,
    async (outFolder) => {
      await buildGuestTools({ outFolder, report, signal })
      return {}
    },
    signal ? { signal } : {},
  )
  await writeFileAtomically(file, await assemble({ kernelRoot, release, toolsFolder: tools.folder }))
}

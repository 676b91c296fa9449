import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { ProcessFailed } from '../../../process/run-process.ts'
import { runBuild } from '../../build/build-process.ts'
import { cached } from '../../cache/cache.ts'
import { recipeHash, sourceTexts } from '../../recipes/recipe.ts'
import { imageRefused } from '../image-refused.ts'
import type { LayerFile } from './apply-layers.ts'
import { type LayerLimits, layerLimits } from './limits.ts'
import type { UnpackJob, UnpackTold } from './unpack-worker.ts'

export interface UnpackOptions {
  readonly cacheFolder: string
  readonly layers: readonly LayerFile[]
  /** An empty folder, by its absolute path, which becomes the image's root. */
  readonly folder: string
  readonly limits?: LayerLimits
  /** Bytes of the blobs read so far. */
  readonly onRead?: (bytes: number) => void
  readonly signal?: AbortSignal | undefined
}

/** What an unpacked image is. */
export interface UnpackedTree {
  readonly inodes: number
  /** On the disk. */
  readonly bytes: number
  /** Absolute path of what `guest/boot/initramfs/init` starts; absent: Ramet's own. */
  readonly init?: string
  readonly shell?: string
}

/** Of the thread: a layer is streamed, and only the headers of one entry are held. */
const heapMiB = 256
const source = new URL('../native/unpack.c', import.meta.url)
// biome-ignore format: as in one line
const compiler = ['musl-gcc', '-O2', '-s', '-Wall', '-Wextra', '-Wshadow', '-Wconversion', '-Werror', '-fstack-protector-strong', '-D_FORTIFY_SOURCE=2', '-static'] as const

/** Unpacks layers. Throws `image_refused` with position and reason for what must not be in one, `no_space` and the like as they come. */
export async function unpackLayers(options: UnpackOptions): Promise<UnpackedTree> {
  const { layers, folder, limits = layerLimits, signal } = options
  signal?.throwIfAborted()
  const program = await unpackProgram(options.cacheFolder)
  // Its end comes with that of the thread, however this process ends (PR_SET_PDEATHSIG is about the thread that forked).
  const argv = [
    'setpriv',
    '--pdeathsig',
    'KILL',
    '--',
    'unshare',
    '--pid',
    '--fork',
    '--kill-child',
    '--',
    program,
    folder,
  ] as const
  const job: UnpackJob = { layers, limits, argv: [...argv] as [string, ...string[]] }
  const worker = new Worker(new URL('./unpack-worker.ts', import.meta.url), {
    workerData: job,
    execArgv: ['--disable-warning=ExperimentalWarning'],
    resourceLimits: { maxOldGenerationSizeMb: heapMiB },
  })
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  worker.on('message', (told: UnpackTold) => {
    if ('readBytes' in told) options.onRead?.(told.readBytes)
    else if ('output' in told) resolve(told.output)
    else if ('fault' in told) reject(imageRefused(told.fault))
    else reject(new ProcessFailed(argv, null, `failed: ${told.failure}`, told.stderr))
  })
  worker.on('error', (error) =>
    reject(
      (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY'
        ? imageRefused('Its layers need too much memory to unpack.')
        : error,
    ),
  )
  worker.on('exit', () => reject(new Error('the thread that unpacks an image ended')))
  const abort = () => reject(signal?.reason)
  signal?.addEventListener('abort', abort, { once: true })
  try {
    return parseOutput(await promise)
  } finally {
    signal?.removeEventListener('abort', abort)
    await worker.terminate()
  }
}

function parseOutput(output: string): UnpackedTree {
  const value = (key: string) => new RegExp(`^${key} (.+)$`, 'm').exec(output)?.[1]
  const init = value('init')
  const shell = value('shell')
  return {
    inodes: Number(value('inodes')),
    bytes: Number(value('bytes')),
    ...(init === undefined ? {} : { init }),
    ...(shell === undefined ? {} : { shell }),
  }
}

async function unpackProgram(cacheFolder: string): Promise<string> {
  const recipe = { compiler: [...compiler], ...(await sourceTexts([source])) }
  const key = { cacheFolder, kind: 'host-tools', name: 'unpack', recipeHash: recipeHash(recipe) }
  const { folder } = await cached(key, async (outFolder) => {
    await runBuild([...compiler, '-o', join(outFolder, 'unpack'), source.pathname])
    return {}
  })
  return join(folder, 'unpack')
}

import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { requireSpace } from '../../../disk/space.ts'
import { diesWithParent } from '../../../process/dies-with-parent.ts'
import { ProcessFailed } from '../../../process/run-process.ts'
import type { AddedText } from '../image-environment.ts'
import { imageRefused } from '../image-refused.ts'
import type { LayerFile } from './apply-layers.ts'
import { type LayerLimits, layerLimits } from './limits.ts'
import { unpackProgram } from './unpack-program.ts'
import type { UnpackAsked, UnpackJob, UnpackTold } from './unpack-worker.ts'

export interface UnpackOptions {
  readonly cacheFolder: string
  readonly layers: readonly LayerFile[]
  /** Resolves when the layer of this index is there. Absent: all are. */
  readonly here?: (index: number) => Promise<void>
  /** An empty folder, by its absolute path, which becomes the image's root. */
  readonly folder: string
  readonly limits?: LayerLimits
  /** Where the image has no init. */
  readonly added?: readonly AddedText[]
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
/** How long its program may take to end when it is told to. */
const endMs = 10_000
/** An image must not fill the disk on which machines write. */
const leftFreeBytes = 2 ** 30

/** Unpacks layers. Throws `image_refused` with position and reason for what must not be in one, `no_space` and the like as they come. */
export async function unpackLayers(options: UnpackOptions): Promise<UnpackedTree> {
  const { layers, folder, limits = layerLimits, signal } = options
  signal?.throwIfAborted()
  const program = await unpackProgram(options.cacheFolder)
  // It ends with the thread that started it, and holds no other process of the host in view.
  const confined = ['unshare', '--pid', '--fork', '--kill-child', '--', program, folder] as const
  const argv = [...diesWithParent, ...confined] as const
  const job: UnpackJob = { layers, limits, added: options.added ?? [], argv: [...argv] as [string, ...string[]] }
  const worker = new Worker(new URL('./unpack-worker.ts', import.meta.url), {
    workerData: job,
    execArgv: ['--disable-warning=ExperimentalWarning'],
    resourceLimits: { maxOldGenerationSizeMb: heapMiB },
  })
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const exited = new Promise<void>((done) => worker.on('exit', () => done()))
  worker.on('message', (told: UnpackTold) => {
    if ('readBytes' in told) {
      options.onRead?.(told.readBytes)
      requireSpace(folder, leftFreeBytes).catch(reject)
    } else if ('output' in told) resolve(told.output)
    else if ('fault' in told) reject(imageRefused(told.fault))
    else reject(new ProcessFailed(argv, null, `failed: ${told.failure}`, told.stderr))
  })
  worker.on('error', (error) => {
    const isTooMuch = (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY'
    reject(isTooMuch ? imageRefused('Its layers need too much memory to unpack.') : error)
  })
  worker.on('exit', () => reject(new Error('the thread that unpacks an image ended')))
  const ask = (asked: UnpackAsked) => worker.postMessage(asked)
  for (const index of layers.keys()) Promise.resolve(options.here?.(index)).then(() => ask(index), reject)
  const abort = () => reject(signal?.reason)
  signal?.addEventListener('abort', abort, { once: true })
  try {
    return parseOutput(await promise)
  } finally {
    signal?.removeEventListener('abort', abort)
    ask('stop')
    // Nothing may write into the folder any more when the caller removes it.
    await Promise.race([exited, delay(endMs, undefined, { ref: false })])
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

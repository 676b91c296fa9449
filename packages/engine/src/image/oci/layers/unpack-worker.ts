import { spawn } from 'node:child_process'
import { parentPort, workerData } from 'node:worker_threads'
import { childEnvironment } from '../../../process/child-environment.ts'
import type { AddedText } from '../image-environment.ts'
import { applyLayers, type LayerFile } from './apply-layers.ts'
import { LayerFault } from './layer-fault.ts'
import type { LayerLimits } from './limits.ts'

/**
 * A thread of its own, so that a big image holds up nobody, and a bad one can cost no more memory than the thread has. It tells its end when the program
 * that it feeds is gone.
 */
export interface UnpackJob {
  readonly layers: readonly LayerFile[]
  readonly argv: readonly [string, ...string[]]
  readonly limits: LayerLimits
  readonly added: readonly AddedText[]
}

/** What it is told: that a layer is there, by its index, or that it is to stop. */
export type UnpackAsked = number | 'stop'

export type UnpackTold =
  | { readonly readBytes: number }
  | { readonly output: string }
  | { readonly fault: string }
  | { readonly failure: string; readonly stderr: string }

const reportEveryMs = 200

async function unpack({ layers, argv, limits, added }: UnpackJob): Promise<UnpackTold> {
  const [program, ...args] = argv
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: childEnvironment() })
  const arrivals = layers.map(() => Promise.withResolvers<void>())
  for (const { promise } of arrivals) promise.catch(() => {})
  parentPort?.on('message', (asked: UnpackAsked) => {
    if (asked !== 'stop') return arrivals[asked]?.resolve()
    child.kill('SIGKILL')
    for (const { reject } of arrivals) reject(new Error('it was stopped'))
  })
  let output = ''
  let complaint = ''
  child.stdout.on('data', (chunk) => {
    output = `${output}${chunk}`.slice(-100_000)
  })
  child.stderr.on('data', (chunk) => {
    complaint = `${complaint}${chunk}`.slice(-10_000)
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  ended.catch(() => {})
  child.stdin.on('error', () => {})
  let failure: unknown
  try {
    await applyLayers(layers, child.stdin, limits, {
      here: async (index) => arrivals[index]?.promise,
      onRead: reporter(),
      added,
    })
  } catch (error) {
    failure = error
    // When it ended by itself, its own complaint says why.
    child.stdin.destroy()
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') child.kill('SIGKILL')
  }
  const code = await ended
  if (failure instanceof LayerFault) return { fault: failure.message }
  if (failure === undefined && code === 0) return { output }
  return complaint === '' ? { failure: `${failure ?? `${program} ended with ${code}`}`, stderr: '' } : ofProgram(complaint)
}

function reporter(): (bytes: number) => void {
  let readBytes = 0
  let toldAt = 0
  return (bytes) => {
    readBytes += bytes
    if (Date.now() - toldAt < reportEveryMs) return
    toldAt = Date.now()
    parentPort?.postMessage({ readBytes } satisfies UnpackTold)
  }
}

/** What the image is to blame for, as against a full disk or a host that cannot do it. */
function ofProgram(complaint: string): UnpackTold {
  // Names are the image's own.
  const clean = complaint.replace(/[^\P{C}\n]/gu, '?').trim()
  const match = /^unpack: (layer \d+, entry [^\n]*)$/m.exec(clean)
  if (!match || /No space left|Quota|Operation not permitted|Not supported|I\/O error/.test(clean))
    return { failure: clean, stderr: clean }
  return { fault: `L${(match[1] as string).slice(1)}.` }
}

const told = await unpack(workerData as UnpackJob).catch((error): UnpackTold => ({ failure: String(error), stderr: '' }))
parentPort?.postMessage(told)
parentPort?.close()

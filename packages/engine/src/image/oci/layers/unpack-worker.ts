import { spawn } from 'node:child_process'
import { parentPort, workerData } from 'node:worker_threads'
import { applyLayers, type LayerFile } from './apply-layers.ts'
import { LayerFault } from './layer-fault.ts'
import type { LayerLimits } from './limits.ts'

/** A thread of its own, so that a big image holds up nobody, and a bad one can cost no more memory than the thread has. */
export interface UnpackJob {
  readonly layers: readonly LayerFile[]
  readonly argv: readonly [string, ...string[]]
  readonly limits: LayerLimits
}

export type UnpackTold =
  | { readonly readBytes: number }
  | { readonly output: string }
  | { readonly fault: string }
  | { readonly failure: string; readonly stderr: string }

const tell = (told: UnpackTold) => parentPort?.postMessage(told)
const reportEveryMs = 200

async function unpack({ layers, argv, limits }: UnpackJob): Promise<void> {
  const [program, ...args] = argv
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { PATH: process.env.PATH, LC_ALL: 'C' } })
  let output = ''
  let complaint = ''
  child.stdout.on('data', (chunk) => (output = `${output}${chunk}`.slice(-100_000)))
  child.stderr.on('data', (chunk) => (complaint = `${complaint}${chunk}`.slice(-4000)))
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  ended.catch(() => {})
  child.stdin.on('error', () => {})
  let readBytes = 0
  let toldAt = 0
  const onRead = (bytes: number) => {
    readBytes += bytes
    if (Date.now() - toldAt < reportEveryMs) return
    toldAt = Date.now()
    tell({ readBytes })
  }
  try {
    await applyLayers(layers, child.stdin, limits, onRead)
  } catch (error) {
    if (error instanceof LayerFault) {
      child.kill('SIGKILL')
      return tell({ fault: error.message })
    }
    // The program ended: its own complaint says why.
    child.stdin.destroy()
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') child.kill('SIGKILL')
    await ended
    return tell(complaint === '' ? { failure: String(error), stderr: '' } : ofProgram(complaint))
  }
  const code = await ended
  tell(
    code === 0 ? { output } : complaint === '' ? { failure: `${program} ended with ${code}`, stderr: '' } : ofProgram(complaint),
  )
}

/** What the image is to blame for, as against a full disk. */
function ofProgram(complaint: string): UnpackTold {
  const match = /^unpack: (layer \d+, entry .*)$/m.exec(complaint)
  if (!match || /No space left|Cannot allocate|Operation not permitted/.test(complaint))
    return { failure: complaint.trim(), stderr: complaint }
  return { fault: `L${(match[1] as string).slice(1)}.` }
}

await unpack(workerData as UnpackJob).catch((error) => tell({ failure: String(error), stderr: '' }))

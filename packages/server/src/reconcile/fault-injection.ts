import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** What happens after a step, and the file in the folder of faults that names the step. */
const faults = {
  /** Any SIGKILL: no handler, no exit hook, nothing flushed. */
  'crash-after': 'SIGKILL',
  /** The server stands still until it gets SIGCONT, so that a test can kill something else at that moment. */
  'halt-after': 'SIGSTOP',
} as const

export type Fault = keyof typeof faults

/**
 * For crash tests. `folder` (RAMET_FAULTS) holds files by the names of faults, each with the name of a step, say `start/make-overlays`. Right after that step, once it did
 * something, the server does to itself what the file is named by, once: the file goes first. The files are read at each step, so that a test needs no server
 * of its own for each fault.
 */
export function injectFaults(folder: string | undefined): (step: string) => void {
  if (folder === undefined) return () => {}
  return (step) => {
    for (const [fault, signal] of Object.entries(faults)) {
      const file = join(folder, fault)
      if (readStep(file) !== step) continue
      rmSync(file)
      process.kill(process.pid, signal)
    }
  }
}

function readStep(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return undefined
  }
}

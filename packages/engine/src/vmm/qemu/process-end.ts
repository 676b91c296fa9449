import { readFile } from 'node:fs/promises'
import { constants } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import type { VmEnd } from '../vmm.ts'

/** How a VM's process ended, as waitpid(2) tells its keeper (`native/jail`). */
export interface ProcessEnd {
  readonly code?: number
  readonly signal?: number
}

/** The keeper writes when nothing of its VM is left, which is a moment after the process is gone. */
const writtenWithinMs = 2_000

/** Reads what a VM's keeper has written; undefined when it was killed itself, or is of an older version that wrote nothing. To be called when the process is gone. */
export async function readProcessEnd(file: string): Promise<ProcessEnd | undefined> {
  for (const deadline = Date.now() + writtenWithinMs; ; await delay(10)) {
    const text = await readFile(file, 'utf8').catch(() => undefined)
    if (text === undefined) return undefined
    if (text !== '') return JSON.parse(text) as ProcessEnd
    if (Date.now() > deadline) return undefined
  }
}

const killing: ReadonlySet<number | undefined> = new Set([constants.signals.SIGKILL, constants.signals.SIGTERM])

/** Classifies an end that we did not cause; pure. An unknown one is `killed`, the likelier of the two: the kernel's out-of-memory killer is more common than QEMU's own failures. */
export const endOf = (end: ProcessEnd | undefined): VmEnd => (end === undefined || killing.has(end.signal) ? 'killed' : 'crashed')
